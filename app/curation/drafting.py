"""What a draft for a gap can be made from: the nearest entries that are live, and the nearest drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.compose.release_service import KnowledgeBase
from knowledge.entries import EntryStore
from knowledge.index.lexical import LexicalIndex
from knowledge.releases.releases import LiveRelease
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Entry, EntryStatus, FloatArray, Hit, Source

_LIVE = 4
_DRAFTS = 3
_COMPARED = 12  # drafts whose vectors are compared: those that share most words
_MOST_READ = 5_000  # drafts
_MOST_SOURCES = 20


def evidence_for(text: str, vector: FloatArray, live: LiveRelease, base: KnowledgeBase) -> list[Hit]:
    """The nearest entries to a question, live ones first, without those that are empty yet. Blocks; raises
    what the encoder raises."""
    found = list(live.current.search(text, vector, _LIVE)) if live.release_id else []
    there = {hit.entry.id for hit in found}
    drafts = [draft for draft in _drafts(base.entries) if draft.is_written and draft.id not in there]
    if nearest := _sharing_words(text, drafts):
        found += LocalSnapshot.of(nearest, base.embed).search(text, vector, _DRAFTS)
    return found


def sources_of(hits: Sequence[Hit]) -> tuple[Source, ...]:
    """The sources of all the entries, each once."""
    return tuple(dict.fromkeys(source for hit in hits for source in hit.entry.sources))[:_MOST_SOURCES]


def _drafts(entries: EntryStore) -> Sequence[Entry]:
    return entries.page(status=EntryStatus.DRAFT, limit=_MOST_READ).entries


def _sharing_words(text: str, drafts: Sequence[Entry]) -> list[Entry]:
    """As if they were approved: only such are searched."""
    if not drafts:
        return []
    scores = LexicalIndex.build([f"{draft.question} {draft.answer}" for draft in drafts]).scores(text)
    best = [int(place) for place in np.argsort(-scores, kind="stable")[:_COMPARED] if scores[place] > 0]
    return [replace(drafts[place], status=EntryStatus.APPROVED, valid_until=None) for place in best]
