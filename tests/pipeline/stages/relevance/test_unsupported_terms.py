from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Entry, FloatArray, Hit
from pipeline.stages.relevance.relevance_check import CalibratedRelevanceCheck, decided
from pipeline.stages.relevance.thresholds import JudgeThresholds
from pipeline.stages.relevance.unsupported_terms import (
    FEATURES,
    MissingTerms,
    TermSupport,
    TermUse,
    Unsupported,
)
from pipeline.turn import Accepted, Retrieved, SearchQuery
from tests.fakes import AsyncHashEncoder, HashEncoder
from tests.pipeline.judging import hit

DOG = Entry("dog", "How do I license my dog?", "Bring the vaccination book.", about=("puppies",))
CAT = Entry("cat", "Does my cat need a chip?", "Cats that go out need one.")
USE = TermUse.of([DOG, CAT])
FOUND = hit("dog", 0.9)
FOUND = replace(FOUND, entry=DOG, passage=replace(FOUND.passage, text=DOG.question))
MODEL = MissingTerms(dict.fromkeys(FEATURES, 0.0) | {"count": 6.0}, -0.5)


def lacking(text: str, borrowed: Sequence[str] = ()) -> tuple[str, ...]:
    return Unsupported.of(text, FOUND, USE, frozenset(borrowed)).words


def test_words_that_name_something_and_that_the_entry_lacks_are_missed() -> None:
    assert lacking("how do i license my hamster please") == ("hamster",)
    assert lacking("licensing dogs") == ()
    assert lacking("my dog's vacination book") == (), "a typo is the word that was meant"


def test_what_the_owner_says_that_it_is_about_is_its_own_word() -> None:
    assert lacking("license for puppies") == ()


def test_words_of_the_conversation_are_not_missed() -> None:
    assert lacking("and the license? hamster", borrowed=("hamster",)) == ()


def test_a_word_of_many_entries_tells_none_from_another() -> None:
    entries = [Entry(f"e{n}", f"What about thing{n} at the pool?", "Yes.") for n in range(4)]
    assert Unsupported.of("opera at the pool", FOUND, TermUse.of(entries)).words == ("opera",)


def test_a_word_that_another_entry_asks_about_is_known_to_be_elsewhere() -> None:
    found = Unsupported.of("how do i license my cat or hamster", FOUND, USE)
    assert found.words == ("cat", "hamster")
    assert found.elsewhere == ("cat",)
    assert found.readings()[:2] == ("how do i license my or", "how do i license my or hamster")


def test_a_word_is_exchanged_for_one_of_the_question_that_is_not_said() -> None:
    found = Unsupported.of("how do i license my cat", FOUND, USE)
    assert found.exchanges == ("how do i license my dog",)
    story = Unsupported.of("my cat and my hamster ate a goldfish", FOUND, USE)
    assert story.exchanges == (), "with so much that is missing, no one word makes it the question"


def test_a_word_stands_in_the_place_of_another_where_the_exchange_makes_the_question() -> None:
    """Not where the two mean the same, so that the exchange changes nothing."""
    found = Unsupported.of("how do i license my hamster", FOUND, USE)
    vector = np.array([1.0, 0.0], dtype=np.float32)

    def exchanged(dog: Sequence[float], nearness: float) -> float:
        read = np.array([[0.6, 0.8], dog], dtype=np.float32)
        return found.features(vector, read, np.array([0.8, 0.7, nearness], dtype=np.float32))["exchanged"]

    assert exchanged([0.8, 0.6], 1.0) == pytest.approx(1.0)
    assert exchanged([0.8, 0.6], 0.8) < 0.1
    assert exchanged([1.0, 0.0], 1.0) == pytest.approx(0.0)


def test_how_much_hangs_on_a_word_is_how_far_the_message_moves_without_it() -> None:
    found = Unsupported.of("license a cat", FOUND, USE)
    vector = np.array([1.0, 0.0], dtype=np.float32)
    read = np.array([[0.6, 0.8], [0.6, 0.8], [0.8, 0.6]], dtype=np.float32)
    features = found.features(vector, read, np.array([0.5, 0.7, 0.7, 0.0], dtype=np.float32))
    expected = {"pull": -0.2, "weight": 0.4, "count": 1.0, "asked_elsewhere": 0.4, "exchanged": 0.0}
    assert features == pytest.approx(expected)


def test_a_doubt_never_makes_an_answer_more_probable() -> None:
    assert MODEL.doubt(dict.fromkeys(FEATURES, 0.0)) == 0.0


async def test_an_entry_that_lacks_what_is_asked_about_is_not_the_answer() -> None:
    """Asked about the very same thing, it is."""
    check = CalibratedRelevanceCheck(
        AsyncHashEncoder(), _Release(), None, TermSupport(AsyncHashEncoder(), MODEL)
    )

    async def asked(text: str) -> list[str]:
        found = (hit("dog", 0.95), hit("cat", 0.2))
        hits = tuple(_with(each.entry.id, each.score) for each in found)
        evidence = await check(SearchQuery(text), Retrieved(hits))
        return [item.hit.entry.id for item in evidence.accepted]

    assert await asked("license my dog") == ["dog"]
    assert await asked("license my hamster and ferret") == []


def test_what_is_missing_is_held_against_a_choice_only_by_half() -> None:
    judged = [Accepted(hit("a", 0.9), 0.85), Accepted(hit("b", 0.8), 0.1)]
    sure = decided(SearchQuery("?"), judged, 0.95, JudgeThresholds())
    doubted = decided(SearchQuery("?"), judged, 0.95, JudgeThresholds(), missing=3.0)
    gone = decided(SearchQuery("?"), judged, 0.95, JudgeThresholds(), missing=9.0)
    assert sure.accepted
    assert not doubted.accepted
    assert doubted.offered
    assert not gone.offered
    assert doubted.answerable < sure.answerable


def test_a_card_of_another_shape_is_refused() -> None:
    with pytest.raises(LookupError):
        MissingTerms.of({"weights": {"pull": 1.0}, "bias": 0.0})


class _Release:
    current = LocalSnapshot.of([DOG, CAT], HashEncoder().encode)


def _with(entry_id: str, score: float) -> Hit:
    return replace(hit(entry_id, score), entry=_Release.current.entries[entry_id])


def test_nearness_is_the_best_cosine_to_what_is_searched_of_an_entry() -> None:
    snapshot = _Release.current
    vectors: FloatArray = HashEncoder().encode([DOG.question, "something else"])
    near = snapshot.nearness("dog", vectors)
    assert near[0] == pytest.approx(1.0, abs=1e-5)
    assert near[1] < near[0]
