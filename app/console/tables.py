"""What can be taken along as a table: ratings and acts, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sqlalchemy import Engine

from app.curation.feedback import feedback_page
from app.store.audit import AuditRow
from app.store.turns.asking import Wanted
from knowledge.sheets.exporting import csv_of

_RATINGS = (
    "rated_at",
    "rating",
    "comment",
    "message",
    "reply",
    "outcome",
    "entry_ids",
    "release_id",
    "asked_at",
    "conversation_id",
    "message_id",
)
_ACTS = ("at", "curator", "via", "act", "subject", "detail")
_AT_ONCE = 500  # rows


def ratings_csv(engine: Engine, wanted: Wanted) -> Iterator[str]:
    """Ratings with what was asked and said, newest first, without personal data."""
    return csv_of(_RATINGS, _ratings(engine, wanted))


def acts_csv(acts: Iterable[AuditRow]) -> Iterator[str]:
    """Acts; what belongs to each as JSON."""
    return csv_of(_ACTS, ([_text(getattr(act, name)) for name in _ACTS] for act in acts))


def _ratings(engine: Engine, wanted: Wanted) -> Iterator[list[str]]:
    """One that comes in meanwhile moves the others on: none is told twice."""
    told: set[str] = set()
    offset = 0
    while items := feedback_page(engine, wanted, offset=offset, limit=_AT_ONCE).items:
        yield from (
            [_text(item[name]) for name in _RATINGS] for item in items if item["message_id"] not in told
        )
        told |= {item["message_id"] for item in items}
        offset += len(items)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
