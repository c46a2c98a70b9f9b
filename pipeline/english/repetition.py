"""Whether a sentence says again what was said already."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.english.evidence_text import overlap
from pipeline.english.language import read

KNOWN = 0.75
"""Share of a sentence's content words from which on it adds nothing to a text that has them."""


def says_again(sentence: str, said: Sequence[str]) -> bool:
    """Whether most of what a sentence is about was said; one without any content word says nothing new."""
    words = read(sentence)
    if not any(word.content for word in words):
        return True
    return overlap(words, {word.stem for text in said for word in read(text)}) >= KNOWN
