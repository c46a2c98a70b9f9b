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
        ("It is. [1] It was [2].", [("It is.", (1,)), ("It was.", (2,))]),
        ("It is [1][2]. Both [1, 2].", [("It is.", (1, 2)), ("Both.", (1, 2))]),
        ("It is [1]. So it stays.", [("It is.", (1,)), ("So it stays.", (1,))]),
        ("It is [7]. It was [2].", [("It is.", ()), ("It was.", (2,))]),
        ("It is [1].\nAnother line.", [("It is.", (1,)), ("Another line.", ())]),
        ("No. It does not. [1]", [("No. It does not.", (1,))]),
        ("1. It is [1].\n2. **It** was [2].", [("It is.", (1,)), ("It was.", (2,))]),
        (
            "The U.S. says 3.5 mg [1]. Dr. Who agrees [2].",
            [("The U.S. says 3.5 mg.", (1,)), ("Dr. Who agrees.", (2,))],
        ),
        ("It is [1]. And half a", [("It is.", (1,))]),
        ("It is [1]. It was [", [("It is.", (1,))]),
        ("Half a sentence [1]", []),
        ("", []),
    ],
)
def test_sentences_and_their_citations(text: str, sentences: list[Given]) -> None:
    assert drafted(text) == sentences


def test_what_cites_nothing_is_a_house_phrase_or_about_the_only_passage() -> None:
    (phrase, claim) = Drafting(1, PHRASES).feed("I understand the worry. It is. So")
    assert (phrase.kind, phrase.cites) == (SentenceKind.HOUSE, ())
    assert (claim.kind, claim.cites) == (SentenceKind.CLAIM, (1,))


def test_a_sentence_is_given_as_soon_as_the_next_begins() -> None:
    draft = Drafting(1, PHRASES)
    assert draft.feed("It is. [1]") == []
    assert draft.feed(" ") == []
    assert [sentence.text for sentence in draft.feed("I")] == ["It is."]


def test_repeated_sentences_are_dropped_and_circles_cut() -> None:
    assert drafted("It is [1]. It  IS [1]. It was [2].") == [("It is.", (1,)), ("It was.", (2,))]
    with pytest.raises(ModelOutputError):
        drafted("It is [1]. " * 9)


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
