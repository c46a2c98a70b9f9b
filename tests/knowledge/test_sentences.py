"""Sentences as a careful reader would cut them; nothing lost, nothing moved."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.sentences import sentence_spans, split_sentences


def cut(text: str) -> list[str]:
    return split_sentences(text)


@pytest.mark.parametrize(
    "marked",
    [
        "It is safe.|It was tested.",
        "No.|The mRNA never enters the nucleus.",
        "Dr. Smith and Mrs. Jones agree.|So do others.",
        "Take care, e.g. rest, i.e. sleep, vs. work.|Then call.",
        "The U.S. Food and Drug Administration said so.|It was clear.",
        "It works in the U.S.|The agency agrees.",
        "Open from 8 a.m. to 5 p.m. Monday.|Closed at 6 p.m.|We are sorry.",
        "About 0.5 percent, or 1.25 in 1,000.|That is rare.",
        "See Fig. 2 and no. 5.|No more.",
        "Visit https://example.org/a.b?c=d.e.|Then go.",
        "Write to a.b@example.org.|We answer.",
        'She said "It is safe."|Then she left.',
        "She asked “Is it?”|(It was.)|He nodded.",
        "Really?!|Yes... maybe.|Fine…|Good.",
        "Hepatitis can be of type B.|It is common.",
        "It protects against hepatitis B.|Vaccines help.",
        "George W. Bush and J. K. Rowling came.|They spoke.",
        "It stays there.|mRNA is fragile.|It falls apart.",
        "Great! 😀|Next one.",
        "It said so [1].|Then it stopped.[2]|Done.",
        "First line\n|Second line\n|- An item.|More?\n|Yes\n|1. Wash hands.|Dry them.",
        "A long line that an editor wrapped at about seventy characters of\nits width goes on.|End.",
        "Inc. and Ltd. firms etc. are many.|Dept. heads know.",
    ],
)
def test_cuts(marked: str) -> None:
    """A bar marks where a sentence ends, in place of the space there."""
    assert cut(marked.replace("\n|", "\n").replace("|", " ")) == [part.strip() for part in marked.split("|")]


def test_a_lost_space_and_a_script_without_spaces() -> None:
    assert cut("It ended.The next began. Fine.") == ["It ended.", "The next began.", "Fine."]
    assert cut("これは文です。次の文。") == ["これは文です。", "次の文。"]


def test_nothing_to_cut() -> None:
    assert cut("") == []
    assert cut(" \n ") == []
    assert cut("👍") == ["👍"]


@given(st.text(st.sampled_from("ab B.1?!…\"')]\n-•。 😀é"), max_size=80) | st.text(max_size=80))
def test_spans_are_ordered_trimmed_and_complete(text: str) -> None:
    spans = sentence_spans(text)
    assert all(start < end <= following for (start, end), (following, _) in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    outside = text
    for start, end in reversed(spans):
        outside = outside[:start] + outside[end:]
    assert not any(map(str.isalnum, outside))
    assert bool(spans) == bool(text.strip())
