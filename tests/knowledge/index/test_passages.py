"""Passages know where they come from, and chunks hold whole sentences."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.passages import CHUNK_WORDS, passages_of
from knowledge.types import Entry, View


def answer_of(*lengths: int) -> str:
    return " ".join("W" + "w" * 2 + " word" * (length - 1) + "." for length in lengths)


def chunks(answer: str) -> list[str]:
    return [p.text for p in passages_of(Entry("a", "Q?", answer)) if p.view is View.CHUNK]


def test_views_in_order_with_spans() -> None:
    entry = Entry("a", "Is it safe?", "Yes. It is.", alternates=("safe?",), misconceptions=("It kills",))
    assert [(p.view, p.text, p.start, p.end) for p in passages_of(entry)] == [
        (View.QUESTION, "Is it safe?", 0, 11),
        (View.ALTERNATE, "safe?", 0, 5),
        (View.MISCONCEPTION, "It kills", 0, 8),
        (View.CHUNK, "Yes. It is.", 0, 11),
        (View.SENTENCE, "Yes.", 0, 4),
        (View.SENTENCE, "It is.", 5, 11),
    ]


def test_a_short_answer_is_one_chunk_and_a_long_one_several() -> None:
    assert len(chunks(answer_of(40, 40))) == 1
    assert [len(chunk.split()) for chunk in chunks(answer_of(40, 40, 40))] == [80, 40]


def test_chunks_share_a_short_sentence() -> None:
    first, second = chunks(answer_of(50, 20, 50))
    assert len(first.split()) == len(second.split()) == 70
    assert first.endswith(second[: second.index(".") + 1])


def test_a_sentence_longer_than_a_chunk_is_cut_between_words() -> None:
    pieces = chunks(answer_of(200))
    assert [len(piece.split()) for piece in pieces] == [80, 80, 40]
    assert " ".join(pieces) == answer_of(200)


@given(st.lists(st.integers(1, 120), min_size=1, max_size=8))
def test_chunks_cover_the_answer_in_order(lengths: list[int]) -> None:
    answer = answer_of(*lengths)
    spans = [(p.start, p.end) for p in passages_of(Entry("a", "Q?", answer)) if p.view is View.CHUNK]
    assert spans[0][0] == 0 and spans[-1][1] == len(answer)
    assert all(b_start <= a_end + 1 and a_end < b_end for (_, a_end), (b_start, b_end) in pairwise(spans))
    assert all(len(answer[start:end].split()) <= CHUNK_WORDS for start, end in spans)
