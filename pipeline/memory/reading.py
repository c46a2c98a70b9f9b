"""Reads off a message what to remember of who wrote it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from weakref import WeakKeyDictionary

from knowledge.types import FloatArray, Snapshot
from pipeline.memory.concerns import Concerns, telling
from pipeline.memory.items import Item, Kind
from pipeline.memory.statements import statements_of
from pipeline.ports import Encoder, Knowledge
from pipeline.stages.retrieval import search
from pipeline.types import Message

NEAR = 0.36
"""From this cosine to a curated wording on, what was said matters; what shares words with the entries,
sooner."""
_ELSEWHERE, _ANYWHERE = 0.5, 0.6
_POINTER = re.compile(r"\b(?:it|that|this|them|those|one)\b", re.IGNORECASE)
Referents = Callable[[str, Sequence[Message]], Sequence[str]]
"""The words of a conversation that a clause means by "it"."""


class MemoryReader:
    """What a message states of its writer, so far as the live release cares for that: where its entries speak
    of it, by their words or by their meaning. `referents` says what "it" is."""

    def __init__(
        self, encoder: Encoder, knowledge: Knowledge, referents: Referents = lambda _text, _history: ()
    ) -> None:
        self._encoder = encoder
        self._knowledge = knowledge
        self._referents = referents
        self._concerns: WeakKeyDictionary[Snapshot, Concerns] = WeakKeyDictionary()

    async def __call__(self, message: str, today: date, history: Sequence[Message] = ()) -> list[Item]:
        """Raises `RetrievalFailed` and `ModelUnavailable` as the ports do."""
        said = [self._spelled_out(item, history) for item in statements_of(message, today)]
        said = [item for item in said if item.kind is Kind.AGE or telling(item.value)]
        if not said:
            return []
        snapshot = self._knowledge.current
        concerns = await self._of(snapshot)
        vectors = await self._encoder.encode([text for item in said for text in (item.fact, item.value)])
        near = [
            await self._near(snapshot, text, vector)
            for text, vector in zip(
                (text for item in said for text in (item.fact, item.value)), vectors, strict=True
            )
        ]
        return [
            item
            for item, one, other in zip(said, near[::2], near[1::2], strict=True)
            if item.ends or _matters(concerns, item, max(one, other))
        ]

    async def _near(self, snapshot: Snapshot, text: str, vector: FloatArray) -> float:
        """How near the release's questions are to a text, less what speaks for its being about anything."""
        hits = await search(snapshot, text, vector, 1)
        background = snapshot.calibration.background
        elsewhere = float((background @ vector).max()) if len(background) else 0.0
        nearest = hits[0].question_cosine if hits else 0.0
        return nearest - _ELSEWHERE * max(0.0, elsewhere - _ANYWHERE)

    def _spelled_out(self, item: Item, history: Sequence[Message]) -> Item:
        """ "I had it in March", with what it is."""
        if not history or telling(item.value) or not _POINTER.search(item.value):
            return item
        meant = " ".join(self._referents(item.text, history))
        if not meant:
            return item
        value = _POINTER.sub(meant, item.value, count=1)
        return replace(item, value=value, fact=_POINTER.sub(meant, item.fact, count=1))

    async def _of(self, snapshot: Snapshot) -> Concerns:
        if snapshot not in self._concerns:
            entries = tuple(snapshot.entries.values())
            self._concerns[snapshot] = await asyncio.to_thread(Concerns.of, entries)
        return self._concerns[snapshot]


def _matters(concerns: Concerns, item: Item, near: float) -> bool:
    known = concerns.knows(item)
    return near + concerns.weight(item) >= NEAR if known is None else known
