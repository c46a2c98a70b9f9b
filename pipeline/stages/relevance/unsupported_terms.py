"""The words of a message that the entry found for it does not have, and how much hangs on them: "hamster" of
one about licences for dogs.

The encoder says which words matter: a message read without a word that it is about means something else,
without an empty one much the same. `learning.training.judging.missing` fits what that says about there being
an answer, across knowledge bases."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from knowledge.types import Entry, FloatArray, Snapshot
from pipeline.english.language import canonical, stem
from pipeline.english.words import WORD
from pipeline.ports import Encoder
from pipeline.stages.rewriting.context_dependence import subject

MOST = 6
"""Words that are read at most: a longer message tells a story."""
FEATURES = ("pull", "weight", "count", "asked_elsewhere")
_COMMON, _FEWEST = 0.25, 3  # share and number of entries; a word of so many tells none from another
_LONG = 5  # letters of a word that may have a typo
_READ = 400  # characters in which a message says what it is about


@dataclass(frozen=True, slots=True)
class TermUse:
    """How a knowledge base uses words, by canonical stem: `common` in a quarter of its entries, `asked` about
    in any of its questions."""

    common: frozenset[str]
    asked: frozenset[str]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> TermUse:
        counts: Counter[str] = Counter()
        asked: set[str] = set()
        size = 0
        for entry in entries:
            counts.update(_known(entry))
            asked |= _asked(entry)
            size += 1
        often = frozenset(word for word, count in counts.items() if count >= max(_COMMON * size, _FEWEST))
        return cls(often, frozenset(asked))


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The `words` of `text` that an entry lacks, in their order; `elsewhere` those of them that another entry
    asks about."""

    text: str
    words: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @classmethod
    def of(cls, text: str, entry: Entry, use: TermUse, borrowed: Set[str] = frozenset()) -> Unsupported:
        """Words that name nothing, that are common here, typos of the entry's, or `borrowed` from the
        conversation, are not missed."""
        found = dict.fromkeys(filter(None, map(subject, _lower(text[:_READ]))))
        known = use.common | _known(entry)
        words = [
            word
            for word in found
            if len(word) > 1 and word not in borrowed and known.isdisjoint((_root(word), stem(word)))
        ]
        lacking = tuple(word for word in words if not _misspelt(word, entry))[:MOST]
        return cls(text, lacking, tuple(word for word in lacking if _root(word) in use.asked))

    def readings(self) -> tuple[str, ...]:
        """The text without any of the words, then without each of those that are asked about elsewhere."""
        return (_without(self.text, self.words), *(_without(self.text, (word,)) for word in self.elsewhere))

    def features(self, vector: FloatArray, read: FloatArray, nearness: FloatArray) -> dict[str, float]:
        """From the unit vectors of the text and of its `readings`, and how near all of these, the text first,
        are to the entry: how much nearer the words bring it (`pull`), how much they change it (`weight`),
        their `count`, and the greatest weight of one that is `asked_elsewhere`."""
        moved = 1 - read @ vector
        return {
            "pull": float(nearness[0] - nearness[1]),
            "weight": float(moved[0]),
            "count": float(len(self.words)),
            "asked_elsewhere": float(moved[1:].max(initial=0.0)),
        }


@dataclass(frozen=True, slots=True)
class MissingTerms:
    """By how many log-odds an answer is less probable where the entry lacks words of the message: linear in
    `FEATURES`, and never less than none."""

    weights: Mapping[str, float]
    bias: float

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> MissingTerms:
        """From its card. Raises `LookupError`, `TypeError` and `ValueError` where the card has another
        shape."""
        return cls({name: float(weights["weights"][name]) for name in FEATURES}, float(weights["bias"]))

    def doubt(self, features: Mapping[str, float]) -> float:
        return max(0.0, self.bias + sum(weight * features[name] for name, weight in self.weights.items()))


class TermSupport:
    """Doubts an entry that lacks what a message is about."""

    def __init__(self, encoder: Encoder, model: MissingTerms) -> None:
        self._encoder = encoder
        self._model = model
        self._uses: WeakKeyDictionary[Snapshot, TermUse] = WeakKeyDictionary()

    async def doubt(
        self, text: str, vector: FloatArray, entry: Entry, snapshot: Snapshot, borrowed: Sequence[str] = ()
    ) -> float:
        """In log-odds, from the text and its unit vector. Raises `ModelUnavailable` as the encoder does."""
        lacking = Unsupported.of(text, entry, await self._use(snapshot), _borrowed(borrowed))
        if not lacking.words:
            return 0.0
        texts = tuple(dict.fromkeys(lacking.readings()))
        vectors = dict(zip(texts, await self._encoder.encode(texts), strict=True))
        read = np.array([vectors[reading] for reading in lacking.readings()])
        nearness = snapshot.nearness(entry.id, np.vstack([vector[None], read]))
        return self._model.doubt(lacking.features(vector, read, nearness))

    async def _use(self, snapshot: Snapshot) -> TermUse:
        """That of a release; read once for each, beside the event loop, and forgotten with it."""
        known = self._uses.get(snapshot)
        if known is None:
            entries = tuple(snapshot.entries.values())
            known = self._uses[snapshot] = await asyncio.to_thread(TermUse.of, entries)
        return known


def _borrowed(words: Sequence[str]) -> frozenset[str]:
    return frozenset(part for word in words for part in _lower(word))


def _questions(entry: Entry) -> str:
    return "\n".join((entry.question, *entry.alternates, *entry.misconceptions))


def _text(entry: Entry) -> str:
    return "\n".join((_questions(entry), entry.answer, *entry.about))


def _lower(text: str) -> list[str]:
    return WORD.findall(text.lower().replace("’", "'"))


def _root(word: str) -> str:
    return canonical(word)[0]


def _stems(text: str) -> set[str]:
    return {_root(word) for word in _lower(text)}


@lru_cache(maxsize=1024)
def _asked(entry: Entry) -> frozenset[str]:
    return frozenset(_stems(_questions(entry)))


@lru_cache(maxsize=1024)
def _known(entry: Entry) -> frozenset[str]:
    return frozenset(_stems(_text(entry)))


@lru_cache(maxsize=1024)
def _long_words(entry: Entry) -> tuple[str, ...]:
    return tuple({word for word in _lower(_text(entry)) if len(word) >= _LONG})


def _misspelt(word: str, entry: Entry) -> bool:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(word) < _LONG:
        return False
    return process.extractOne(word, _long_words(entry), scorer=OSA.distance, score_cutoff=1) is not None


def _without(text: str, words: Iterable[str]) -> str:
    for word in words:
        text = re.sub(rf"(?i)(?<!\w){re.escape(word)}(?:['’]s)?(?!\w)", "", text)
    return " ".join(text.split()) or "?"
