"""How far apart two sets of lines are in manner, whatever they are about.

Every word that could carry a fact gives way to one mark before anything is counted (text distortion,
Stamatatos 2017), so that only function words, talk about the talk, punctuation and length are left. Each
family of features is a distribution; two of them are compared by their Jensen-Shannon distance (Lin 1991),
from 0 to 1, and the families count alike."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from knowledge.sentences import split_sentences
from pipeline.stages.composing.style_mask import MASK, masked

_Lines = list[list[str]]  # the sentences of each line
_TOKEN = re.compile(rf"{MASK}|[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")
_CONTRACTION = re.compile(r"\w['’](?:t|s|re|ve|ll|m|d)\b", re.IGNORECASE)
_MARKS = ".,;:!?()-–—\"'“”‘’…"
_GRAM = 4  # characters
_STEP = 8  # words of a line that fall into one bin


def style_distances(lines: Sequence[str], others: Sequence[str]) -> dict[str, float]:
    """The distance in each family of features: 0, the same manner, to 1, nothing in common."""
    first, second = _distorted(lines), _distorted(others)
    return {name: _apart(Counter(count(first)), Counter(count(second))) for name, count in _FAMILIES.items()}


def _distorted(lines: Sequence[str]) -> _Lines:
    """Each line as its sentences, masked."""
    return [list(map(masked, split_sentences(line))) for line in lines]


def _apart(first: Counter[str], second: Counter[str]) -> float:
    """The Jensen-Shannon distance, base 2. What neither side has is no difference."""
    keys = sorted(first.keys() | second.keys())
    if not first or not second:
        return float(bool(keys))
    shares = [np.array([side[key] for key in keys]) / side.total() for side in (first, second)]
    middle = sum(shares) / 2
    divergence = (
        sum(float((each[each > 0] * np.log2((each / middle)[each > 0])).sum()) for each in shares) / 2
    )
    return math.sqrt(max(divergence, 0.0))


def _tokens(sentence: str) -> list[str]:
    return _TOKEN.findall(sentence.lower())


def _words(lines: _Lines) -> Iterator[str]:
    yield from (token for line in lines for text in line for token in _tokens(text) if token.isalpha())


def _openings(lines: _Lines) -> Iterator[str]:
    """How a line begins, and how its last sentence does."""
    for line in lines:
        for place, text in (("first", line[0]), ("last", line[-1])) if line else ():
            yield from (f"{place} {' '.join(_tokens(text)[:length])}" for length in (1, 2, 3))


def _grams(lines: _Lines) -> Iterator[str]:
    for line in lines:
        text = f" {' '.join(line).lower()} "
        yield from (text[start : start + _GRAM] for start in range(len(text) - _GRAM + 1))


def _pairs(lines: _Lines) -> Iterator[str]:
    for line in lines:
        for text in line:
            yield from (f"{one} {two}" for one, two in pairwise(["^", *_tokens(text)]))


def _punctuation(lines: _Lines) -> Iterator[str]:
    """The marks, beside the ends of words, so that few marks differ from many."""
    text = " ".join(sentence for line in lines for sentence in line).replace(MASK, "x")
    yield from (mark for mark in text if mark in _MARKS and mark not in "'’")
    yield from "w" * len(text.split())
    yield from ("contraction" for _ in _CONTRACTION.findall(text))


def _lengths(lines: _Lines) -> Iterator[str]:
    for line in lines:
        yield f"{len(line)} sentences"
        yield f"line of {sum(len(text.split()) for text in line) // _STEP}"
        yield from (f"sentence of {len(text.split()) // _STEP}" for text in line)


def _address(lines: _Lines) -> Iterator[str]:
    """Who speaks to whom, sentence by sentence."""
    for text in (text for line in lines for text in line):
        said = {token.split("'")[0] for token in map(_plain, _tokens(text))}
        found = [name for name, words in _PERSONS.items() if said & words]
        yield from found or ("nobody",)


def _plain(token: str) -> str:
    return token.replace("’", "'")


_PERSONS = {
    "I": frozenset({"i", "me", "my", "mine", "myself"}),
    "we": frozenset({"we", "us", "our", "ours", "ourselves"}),
    "you": frozenset({"you", "your", "yours", "yourself"}),
}
_FAMILIES: Mapping[str, Callable[[_Lines], Iterator[str]]] = {
    "function words": _words,
    "openings": _openings,
    "word pairs": _pairs,
    "characters": _grams,
    "punctuation": _punctuation,
    "length": _lengths,
    "address": _address,
}
