"""From a model's text to sentences: however it is cut into pieces, the same sentences come out, in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ModelOutputError
from pipeline.llm_stages.drafting import MOST_SENTENCES, Drafting
from pipeline.turn import SentenceKind

PHRASES = frozenset({"I understand the worry."})
Given = tuple[str, tuple[int, ...]]


def drafted(text: str, passages: int = 2, size: int = 1) -> list[Given]:
    draft = Drafting(passages, PHRASES)
    found = [
        sentence for at in range(0, len(text), size) for sentence in draft.feed(text[at : at + size])
    ] + draft.finish()
    return [(sentence.text, sentence.cites) for sentence in found]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Cats purr. [1] Dogs bark [2].", [("Cats purr.", (1,)), ("Dogs bark.", (2,))]),
        ("Cats purr [1][2]. Cows moo [1, 2].", [("Cats purr.", (1, 2)), ("Cows moo.", (1, 2))]),
        ("Cats purr [1]. Ravens stay.", [("Cats purr.", (1,)), ("Ravens stay.", (1,))]),
        ("Cats purr [7]. Dogs bark [2].", [("Cats purr.", ()), ("Dogs bark.", (2,))]),
        ("Cats purr [1].\nRavens fly.", [("Cats purr.", (1,)), ("Ravens fly.", ())]),
        ("No. Fish do not. [1]", [("No. Fish do not.", (1,))]),
        ("1. Cats purr [1].\n2. **Dogs** bark [2].", [("Cats purr.", (1,)), ("Dogs bark.", (2,))]),
        (
            "The U.S. says 3.5 mg [1]. Dr. Who agrees [2].",
            [("The U.S. says 3.5 mg.", (1,)), ("Dr. Who agrees.", (2,))],
        ),
        ("Cats purr [1]. And half a", [("Cats purr.", (1,))]),
        ("Cats purr [1]. Dogs bark [", [("Cats purr.", (1,))]),
        (
            "[1] Cats purr. [2] Dogs bark. Cows moo.",
            [("Cats purr.", (1,)), ("Dogs bark.", (2,)), ("Cows moo.", (2,))],
        ),
        ("Yes, that's right. [1] Cats purr. [2]", [("Cats purr.", (2,))]),
        (
            "Cats purr [1]. Click the cat [1].",
            [("Cats purr.", (1,)), ("Click the cat.", (1,))],
        ),
        ("Do cats purr? Some cats … [1]\nCats purr [1].", [("Cats purr.", (1,))]),
        ("Half a sentence [1]", []),
        ("", []),
    ],
)
def test_sentences_and_their_citations(text: str, sentences: list[Given]) -> None:
    assert drafted(text) == sentences


def test_what_cites_nothing_is_a_house_phrase_or_about_the_only_passage() -> None:
    (phrase, claim) = Drafting(1, PHRASES).feed("I understand the worry. Cats purr. So")
    assert (phrase.kind, phrase.cites) == (SentenceKind.HOUSE, ())
    assert (claim.kind, claim.cites) == (SentenceKind.CLAIM, (1,))


def test_a_sentence_is_given_as_soon_as_the_next_begins() -> None:
    draft = Drafting(1, PHRASES)
    assert draft.feed("Cats purr. [1]") == []
    assert draft.feed(" ") == []
    assert [sentence.text for sentence in draft.feed("I")] == ["Cats purr."]


def test_repeated_sentences_are_dropped_and_circles_cut() -> None:
    assert drafted("Cats purr [1]. Cats  PURR [1]. Dogs bark [2].") == [
        ("Cats purr.", (1,)),
        ("Dogs bark.", (2,)),
    ]
    with pytest.raises(ModelOutputError):
        drafted("Cats purr [1]. " * 9)


def test_a_draft_has_an_end() -> None:
    assert len(drafted("".join(f"It is number {n} [1]. " for n in range(30)))) == MOST_SENTENCES


@given(
    st.lists(
        st.sampled_from(
            ["It is", "No", "[1]", "[2, 1]", "[", "]", ". ", "! ", "\n", " ", "a", "Dr.", "3.5", "- "]
        )
    ),
    st.integers(1, 9),
)
def test_pieces_do_not_matter(parts: list[str], size: int) -> None:
    text = "".join(parts)
    try:
        whole = drafted(text, size=10_000)
    except ModelOutputError:
        with pytest.raises(ModelOutputError):
            drafted(text, size=size)
        return
    assert drafted(text, size=size) == whole
    assert all(1 <= number <= 2 for _, cites in whole for number in cites)
    assert not any("[1]" in said or "[2, 1]" in said for said, _ in whole)
