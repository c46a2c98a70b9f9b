"""How the words of a text are cut out. Three cuts, for what is joined to a word is part of it or not by what
is asked of it; the grounding check, the index and the model of alarms read marks, numbers and pieces too, and
have cuts of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable

LETTERS = re.compile(r"[^\W\d_]+")
"""Runs of letters: "covid" of "COVID-19", "don" and "t" of "don't"."""
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
"""Letters and digits, with apostrophes inside: "don't", "covid" and "19"."""
TERM = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*")
"""With all that joins the parts of a name: "COVID-19", "U.S", "R&D"."""


def key_of(text: str) -> str:
    """The words of a text without case and marks, one space apart: the same for two writings of it."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def nearest_spelling(word: str, others: Iterable[str], most: int) -> str:
    """Of the `others` the one that a word is the fewest edits away from, at `most` so many; "" where none is.
    A swap of two letters is one edit."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    found = process.extractOne(word, others, scorer=OSA.distance, score_cutoff=most)
    return str(found[0]) if found else ""
