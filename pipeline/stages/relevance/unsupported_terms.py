"""The words of a message that the entry found for it does not have, and how much hangs on them: "hamster" of
one about licences for dogs.

The encoder says which words matter: a message read without a word that it is about means something else,
without an empty one much the same. And it says what a word stands in the place of: a message that is the
entry's own question once "hamster" is exchanged for "dog" asks the same of something else; of two words for
one thing, the message was near before. `learning.training.judging.missing` fits what that says about there
being an answer, across knowledge bases."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from knowledge.types import Entry, FloatArray, Hit, Snapshot, View
from pipeline.english.language import canonical, stem
from pipeline.english.words import WORD, nearest_spelling
from pipeline.ports import Encoder, encoded
from pipeline.stages.rewriting.context_dependence import subject
from pipeline.turn import SearchQuery

MOST = 6
"""Words that are read at most: a longer message tells a story."""
MOST_EXCHANGED, MOST_EXCHANGES = 2, 8
"""Words that a message lacks at most for one exchange to make it another question, and how many are tried."""
FEATURES = ("pull", "weight", "count", "asked_elsewhere", "exchanged")
_COMMON, _FEWEST = 0.25, 3  # share and number of entries; a word of so many tells none from another
_LONG = 5  # letters of a word that may have a typo
_READ = 400  # characters in which a message says what it is about
_ANSWERING = (View.CHUNK, View.SENTENCE)
_STEEP = 12  # power of a cosine: only an exchange that makes the very question tells
_ONE_THING = 0.15  # what an exchange changes less than this by is the less likely to be another thing


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
    asks about; `exchanges`: the text with one of the words exchanged for one that it lacks of the entry's
    question."""

    text: str
    words: tuple[str, ...]
    elsewhere: tuple[str, ...]
    exchanges: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, hit: Hit, use: TermUse, borrowed: Set[str] = frozenset()) -> Unsupported:
        """Words that name nothing, that are common here, typos of the entry's, or `borrowed` from the
        conversation, are not missed. Of several wordings of the entry's question, that of the hit counts."""
        entry = hit.entry
        found = dict.fromkeys(filter(None, map(subject, _lower(text[:_READ]))))
        known = use.common | _known(entry)
        words = [
            word
            for word in found
            if len(word) > 1 and word not in borrowed and known.isdisjoint((_root(word), stem(word)))
        ]
        lacking = tuple(word for word in words if not _misspelt(word, entry))[:MOST]
        elsewhere = tuple(word for word in lacking if _root(word) in use.asked)
        exchanges = _exchanges(text, lacking, hit) if len(lacking) <= MOST_EXCHANGED else ()
        return cls(text, lacking, elsewhere, tuple(islice(exchanges, MOST_EXCHANGES)))

    def readings(self) -> tuple[str, ...]:
        """The text without any of the words, then without each of those that are asked about elsewhere, then
        its exchanges."""
        without = (_without(self.text, words) for words in (self.words, *((one,) for one in self.elsewhere)))
        return (*without, *self.exchanges)

    def features(self, vector: FloatArray, read: FloatArray, nearness: FloatArray) -> dict[str, float]:
        """From the unit vectors of the text and of its `readings`, and how near all of these, the text first,
        are to the entry: how much nearer the words bring it (`pull`), how much they change it (`weight`),
        their `count`, the greatest weight of one that is `asked_elsewhere`, and how surely one stands in the
        place of another of the entry's, as the text is its question once they are `exchanged`."""
        moved, without = 1 - read @ vector, 1 + len(self.elsewhere)
        return {
            "pull": float(nearness[0] - nearness[1]),
            "weight": float(moved[0]),
            "count": float(len(self.words)),
            "asked_elsewhere": float(moved[1:without].max(initial=0.0)),
            "exchanged": float(_told_apart(nearness[1 + without :], moved[without:]).max(initial=0.0)),
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

    async def doubt(self, query: SearchQuery, vector: FloatArray, hit: Hit, snapshot: Snapshot) -> float:
        """In log-odds, from a query and its unit vector. Raises `ModelUnavailable` as the encoder does."""
        use = await self._use(snapshot)
        lacking = Unsupported.of(query.text, hit, use, _borrowed(query.borrowed))
        if not lacking.words:
            return 0.0
        texts = tuple(dict.fromkeys(lacking.readings()))
        rows = await encoded(query.context, self._encoder, texts)
        vectors = dict(zip(texts, rows, strict=True))
        read = np.array([vectors[reading] for reading in lacking.readings()])
        nearness = snapshot.nearness(hit.entry.id, np.vstack([vector[None], read]))
        return self._model.doubt(lacking.features(vector, read, nearness))

    async def _use(self, snapshot: Snapshot) -> TermUse:
        """That of a release; read once for each, beside the event loop, and forgotten with it."""
        known = self._uses.get(snapshot)
        if known is None:
            entries = tuple(snapshot.entries.values())
            known = self._uses[snapshot] = await asyncio.to_thread(TermUse.of, entries)
        return known


def _told_apart(nearness: FloatArray, moved: FloatArray) -> FloatArray:
    """How surely each exchange puts one thing in the place of another, from 0 to 1."""
    told: FloatArray = np.clip(nearness, 0, 1) ** _STEEP * np.clip(moved / _ONE_THING, 0, 1)
    return told


def _exchanges(text: str, words: Sequence[str], hit: Hit) -> Iterator[str]:
    asked = hit.entry.question if hit.passage.view in _ANSWERING else hit.passage.text
    said = _stems(text)
    others = [word for word in dict.fromkeys(_lower(asked)) if subject(word) and _root(word) not in said]
    for word, other in product(words, others):
        yield _with(text, word, other)


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
    return len(word) >= _LONG and bool(nearest_spelling(word, _long_words(entry), 1))


def _without(text: str, words: Iterable[str]) -> str:
    for word in words:
        text = _with(text, word, "")
    return " ".join(text.split()) or "?"


def _with(text: str, word: str, other: str) -> str:
    return re.sub(rf"(?i)(?<!\w){re.escape(word)}(?:['’]s)?(?!\w)", lambda _: other, text)
