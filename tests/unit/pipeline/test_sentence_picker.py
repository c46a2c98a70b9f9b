from __future__ import annotations

import numpy as np
import pytest

from knowledge.types import Entry
from pipeline.stages.sentence_picker import Length, Scored, pick_addition, pick_answer


def scored(*sentences: str, cosines: tuple[float, ...]) -> Scored:
    """Sentences of one line, each unlike every other."""
    entry = Entry("bridge", "What becomes of the bridge?", " ".join(sentences))
    vectors = np.eye(len(sentences), dtype=np.float32)
    return Scored(entry, sentences, vectors, np.array(cosines, np.float32), (0,) * len(sentences))


@pytest.mark.parametrize(
    "sentence",
    [
        "The arch is repaired in the same way each spring.",
        "Ferries close for the same reason.",
        "Some cracks were found in this way.",
        "For that reason carts must wait.",
        "The toll is, as mentioned, two coins.",
        "As noted above, carts must wait.",
        "The same goes for carts.",
        "Similarly, carts must wait.",
        "Carts are likewise stopped at the arch.",
        "The latter is closed at night.",
        "This is why carts must wait.",
        "As a result, carts must wait.",
        "In other words: carts must wait.",
        "“On the other hand, carts are heavy.”",
        "For example, carts must wait.",
        "It’s closed at night.",
    ],
)
def test_it_leans_on_what_was_said_before(sentence: str) -> None:
    assert scored("The bridge is old.", sentence, cosines=(0.1, 0.9)).leans(1)


@pytest.mark.parametrize(
    "sentence",
    [
        "Carts are stopped in the same way as horses.",
        "The toll is collected for the same reason that ferries charge.",
        "Herons nest on the former railway arch.",
        "Finalists race over the arch each spring.",
        "Result sheets hang at the arch.",
        "The mayor has said that carts must wait.",
        "Some arches are wide.",
        "Examples hang at the arch.",
    ],
)
def test_it_stands_alone(sentence: str) -> None:
    assert not scored("The bridge is old.", sentence, cosines=(0.1, 0.9)).leans(1)


FOUR = (
    "Masons built the bridge of granite long ago.",
    "Iron arches are painted against rust every spring.",
    "Wooden gates are treated in the same way.",
    "Herons nest below the lamps in winter.",
)


def test_a_sentence_that_leans_comes_with_what_it_leans_on_or_not_at_all() -> None:
    answer = scored(*FOUR, cosines=(0.2, 0.1, 0.9, 0.5))
    assert pick_answer(answer, Length(2, 60), yes_no=False, keeps_lead=True) == [1, 2]
    answer = scored(*FOUR, cosines=(0.2, 0.1, 0.6, 0.9))
    assert pick_answer(answer, Length(2, 60), yes_no=False, keeps_lead=True) == [0, 3]
    assert pick_answer(answer, Length(3, 60), yes_no=False, keeps_lead=True) == [1, 2, 3]


def test_what_another_entry_adds_leans_on_nothing() -> None:
    said = np.zeros((1, 4), np.float32)
    assert pick_addition(scored(*FOUR, cosines=(0.2, 0.1, 0.9, 0.5)), said, Length(1, 60)) == [3]
