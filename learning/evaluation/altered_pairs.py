"""Grounding pairs made of a knowledge base itself: sentences that an entry supports, and altered ones."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from knowledge.sentences import split_sentences
from knowledge.types import Entry
from learning.evaluation.alterations import NAME, alterations, rewordings
from learning.evaluation.records import Pair

_SHORTEST = 4  # words of a sentence that says something
_SEED = 7
VERBATIM = "verbatim"  # the kind of a sentence as it is, which only pairs made here have


def altered_pairs(entries: Sequence[Entry], most: int = 60) -> tuple[Pair, ...]:
    """The sentences of at most `most` entries, chosen by lot: as they are ("verbatim"), "reworded" without
    changing what they say, and altered, `kind` being how. The same at each call."""
    chance = random.Random(_SEED)  # noqa: S311
    names = sorted({name for entry in entries for name in NAME.findall(entry.answer) if len(name) > 3})
    chosen = chance.sample(list(entries), min(most, len(entries)))
    return tuple(pair for entry in chosen for pair in _pairs(entry, names, chance))


def _pairs(entry: Entry, names: Sequence[str], chance: random.Random) -> Iterator[Pair]:
    sentences = [text for text in split_sentences(entry.answer) if len(text.split()) >= _SHORTEST]
    made = [variant for sentence in sentences for variant in _variants(sentence, names, chance)]
    for number, (text, kind, truth) in enumerate(made):
        yield Pair(f"{entry.id} {kind} {number}", text, entry.answer, truth, kind, entry.id)


def _variants(sentence: str, names: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str, bool]]:
    yield sentence, VERBATIM, True
    yield from ((text, "reworded", True) for text in rewordings(sentence))
    yield from ((text, kind, False) for kind, text in alterations(sentence, names, chance))
