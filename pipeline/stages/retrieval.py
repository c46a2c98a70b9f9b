"""Finds the entries that a query may be about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from knowledge.types import FloatArray, Hit, KnowledgeError, Snapshot
from pipeline.errors import RetrievalFailed
from pipeline.ports import Encoder, Knowledge, encoded, release_of
from pipeline.turn import Retrieved, SearchQuery

QUICK_ENTRIES = 2_000
"""Up to this size a search takes about a millisecond: less than what a thread costs."""

WIDE = 4
"""Times as many entries as are given are looked at in each of two lists that are merged."""
FITS_BOTH = 0.1
"""Neither reading of a follow-up fits as well as a question that says all: added to the mean of both, it is
judged by the same line (on three sets of 16, 29 and 90 follow-ups .75, .66 and .42 were answered rightly
without this, .88, .72 and .67 with it, and .00, .07 and .02 instead of .00, .03 and .01 wrongly)."""


async def search(snapshot: Snapshot, text: str, vector: FloatArray, limit: int) -> Sequence[Hit]:
    """`Snapshot.search` off the event loop where it is slow. Raises `RetrievalFailed`."""
    try:
        if len(snapshot.entries) <= QUICK_ENTRIES:
            return snapshot.search(text, vector, limit)
        return await asyncio.to_thread(snapshot.search, text, vector, limit)
    except KnowledgeError as error:
        raise RetrievalFailed(str(error)) from error


class HybridRetrieval:
    """By meaning and by words, fused (see `knowledge.index.fusion`); `limit` entries at most. What leans on
    the conversation is searched for with words of it and without: an entry fits as well as it fits both."""

    engine = "specialist"

    def __init__(self, encoder: Encoder, knowledge: Knowledge, limit: int = 8) -> None:
        self._encoder = encoder
        self._knowledge = knowledge
        self._limit = limit

    async def __call__(self, query: SearchQuery) -> Retrieved:
        """Raises `RetrievalFailed`, and `ModelUnavailable` as the encoder does."""
        snapshot = release_of(query.context, self._knowledge)
        texts = (query.text, query.own) if query.own else (query.text,)
        vectors = await encoded(query.context, self._encoder, texts)
        if not query.own:
            words = "" if query.language else query.text
            return Retrieved(tuple(await search(snapshot, words, vectors[0], self._limit)))
        wide = WIDE * self._limit
        lists = [
            await search(snapshot, text, vector, wide) for text, vector in zip(texts, vectors, strict=True)
        ]
        return Retrieved(_in_both(lists)[: self._limit])


def _in_both(lists: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """The hits of all lists by their mean score, each with the signals of the first list that has it. Where a
    list does not have it, that of its last one stands in."""
    scores = [{hit.entry.id: hit.score for hit in hits} for hits in lists]
    least = [min(known.values(), default=0.0) for known in scores]
    found = {hit.entry.id: hit for hits in reversed(lists) for hit in hits}

    def mean(entry_id: str) -> float:
        each = [known.get(entry_id, last) for known, last in zip(scores, least, strict=True)]
        return sum(each) / len(each) + FITS_BOTH

    merged = (replace(hit, score=mean(entry_id)) for entry_id, hit in found.items())
    return tuple(sorted(merged, key=lambda hit: hit.score, reverse=True))
