"""Finds the entries that a query may be about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from knowledge.types import FloatArray, Hit, KnowledgeError, Snapshot
from pipeline.errors import RetrievalFailed
from pipeline.ports import Encoder, Knowledge
from pipeline.turn import Retrieved, SearchQuery

QUICK_ENTRIES = 2_000
"""Up to this size a search takes about a millisecond: less than what a thread costs."""


async def search(snapshot: Snapshot, text: str, vector: FloatArray, limit: int) -> Sequence[Hit]:
    """`Snapshot.search` off the event loop where it is slow. Raises `RetrievalFailed`."""
    try:
        if len(snapshot.entries) <= QUICK_ENTRIES:
            return snapshot.search(text, vector, limit)
        return await asyncio.to_thread(snapshot.search, text, vector, limit)
    except KnowledgeError as error:
        raise RetrievalFailed(str(error)) from error


class HybridRetrieval:
    """By meaning and by words, fused (see `knowledge.index.fusion`); `limit` entries at most."""

    engine = "specialist"

    def __init__(self, encoder: Encoder, knowledge: Knowledge, limit: int = 8) -> None:
        self._encoder = encoder
        self._knowledge = knowledge
        self._limit = limit

    async def __call__(self, query: SearchQuery) -> Retrieved:
        """Raises `RetrievalFailed`, and `ModelUnavailable` as the encoder does."""
        snapshot = self._knowledge.current
        vector = (await self._encoder.encode([query.text]))[0]
        return Retrieved(tuple(await search(snapshot, query.text, vector, self._limit)))
