"""Messages that ask much the same, as one cluster with its most central message first."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from threading import Lock

import numpy as np

from app.curation.asked import Asked
from knowledge.index.linkage import central, clustered
from knowledge.index.recent import may_be_told_to_forget
from knowledge.twins import question_key
from knowledge.types import FloatArray

LEAST_COSINE = 0.7
"""Mean cosine between the messages of two clusters from which on they are one (docs/decisions.md)."""
_TELLING = 2  # words
_SLICE = 256  # texts encoded at a time


class Per(StrEnum):
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Cluster:
    """`messages` are those that ask in the same words one after the other, the most central ones first."""

    id: str
    messages: tuple[Asked, ...]

    @property
    def name(self) -> str:
        """The most central message that was written as it stands here; where all lean on their conversations,
        the most central one that says something by itself, and not a "1" or "yes"."""
        central = self.messages[0]
        whole = (each for each in self.messages if each.message == each.text)
        telling = (each for each in self.messages if len(key_of(each.message).split()) >= _TELLING)
        found = next(whole, None) or next(telling, None)
        return found.message if found else central.text

    @property
    def query(self) -> str:
        """What is searched for, to find what answers it."""
        return self.messages[0].text

    @property
    def wordings(self) -> tuple[Asked, ...]:
        """One message of each wording, the most central one first."""
        first: dict[str, Asked] = {}
        for each in self.messages:
            first.setdefault(key_of(each.text), each)
        return tuple(first.values())

    def within(self, since: datetime | None, until: datetime | None) -> Cluster:
        """With the messages from `since` on and before `until`: there may be none."""
        if since is None and until is None:
            return self
        kept = (
            each
            for each in self.messages
            if (since is None or each.at >= since) and (until is None or each.at < until)
        )
        return Cluster(self.id, tuple(kept))

    def series(self, per: Per) -> list[tuple[date, int]]:
        """How many messages a day or a week (from its Monday), in UTC; those without any are left out."""
        days = Counter(_beginning(each.at.date(), per) for each in self.messages)
        return sorted(days.items())


def _beginning(day: date, per: Per) -> date:
    return day - timedelta(days=day.weekday()) if per is Per.WEEK else day


def key_of(text: str) -> str:
    """What is the same for two writings of one message."""
    return question_key(text) or text.strip()


class RecentVectors:
    """Vectors of texts in memory only, since they tell what was said: those that were needed last."""

    def __init__(self, encode: Callable[[Sequence[str]], FloatArray], most: int) -> None:
        self._encode = encode
        self._most = most
        self._kept: OrderedDict[str, FloatArray] = OrderedDict()
        self._using = Lock()
        may_be_told_to_forget(self)

    def forget(self) -> None:
        with self._using:
            self._kept.clear()

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows. Blocks; raises what the encoder raises. Safe to call from many threads."""
        with self._using:
            return self._of(texts)

    def _of(self, texts: Sequence[str]) -> FloatArray:
        missing = sorted((text for text in dict.fromkeys(texts) if text not in self._kept), key=len)
        for start in range(0, len(missing), _SLICE):
            part = missing[start : start + _SLICE]
            self._kept.update(zip(part, self._encode(part), strict=True))
        for text in texts:
            self._kept.move_to_end(text)
        vectors = np.stack([self._kept[text] for text in texts])
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return vectors


def clusters_of(
    messages: Sequence[Asked], vectors_of: Callable[[Sequence[str]], FloatArray]
) -> list[tuple[Asked, ...]]:
    """The messages, each in one cluster, clusters as `Cluster.messages` has them. Messages in the same words
    are compared once, and count as many."""
    folded: dict[str, list[Asked]] = {}
    for each in messages:
        folded.setdefault(key_of(each.text), []).append(each)
    wordings = list(folded.values())
    if not wordings:
        return []
    vectors = vectors_of([same[0].text for same in wordings])
    weights = np.array([len(same) for same in wordings])
    numbers = clustered(vectors, weights, LEAST_COSINE)
    found = []
    for number in range(int(numbers.max()) + 1):
        places = np.flatnonzero(numbers == number)
        order = places[central(vectors[places], weights[places])]
        found.append(tuple(each for place in order for each in _usual_first(wordings[place])))
    return found


def _usual_first(same: Sequence[Asked]) -> list[Asked]:
    """Of messages in the same words, those that are written as most are; else the oldest first."""
    written = Counter(each.text for each in same)
    return sorted(same, key=lambda each: (-written[each.text], each.at))
