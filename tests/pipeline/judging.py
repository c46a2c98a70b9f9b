"""A knowledge base about a bridge, made for the tests of the judging stages: a message scores the share of
its words that are about the bridge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.types import (
    LEARNED,
    Calibration,
    Entry,
    FloatArray,
    Hit,
    KnowledgeError,
    Logistic,
    Passage,
    View,
)

ABOUT = frozenset("bridge toll paint pier arch cars".split())
EMPTY = frozenset("is it the what about for and a to of do i how does on".split())
CALIBRATION = Calibration(
    Logistic({"score": 10.0}, -4.0),
    Logistic({"score": 10.0, "lead": 10.0}, -8.0),
    figures={LEARNED: 0.9},
)


def hit(entry_id: str, score: float) -> Hit:
    entry = Entry(entry_id, f"What about {entry_id}?", f"This is {entry_id}.")
    passage = Passage(entry_id, View.QUESTION, entry.question, 0, len(entry.question))
    return Hit(entry, passage, score, score, score, score)


@dataclass(eq=False)
class BridgeSnapshot:
    calibration: Calibration = CALIBRATION
    release_id: str = "r1"
    entries: Mapping[str, Entry] = field(default_factory=dict)
    broken: bool = False
    searched: list[tuple[str, int]] = field(default_factory=list)

    def search(self, text: str, vector: FloatArray, limit: int) -> Sequence[Hit]:
        if self.broken:
            raise KnowledgeError("the index is gone")
        self.searched.append((text, limit))
        words = [word for word in re.findall(r"\w+", text.lower()) if word not in EMPTY]
        share = sum(word in ABOUT for word in words) / max(1, len(words))
        return [hit("bridge", share)][:limit]

    def asked(self, text: str) -> Hit | None:
        return None

    def nearness(self, entry_id: str, vectors: FloatArray) -> FloatArray:
        raise AssertionError("nothing measures the nearness of words")

    def sentences(self, entry_id: str) -> tuple[Sequence[Passage], FloatArray]:
        raise AssertionError("no judge reads sentences")


@dataclass
class Bridge:
    """The live release."""

    current: BridgeSnapshot
