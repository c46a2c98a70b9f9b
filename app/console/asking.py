"""Which turns a view lists, as its address says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from app.api.instants import first_instant, last_instant
from app.store.turns.asking import Wanted
from app.store.turns.conversations import Rating
from pipeline.types import Outcome

ASKED = ("text", "outcome", "rating", "entry", "since", "until")
"""The filters of such views."""
CHOICES = {"outcomes": [str(each) for each in Outcome], "ratings": [str(each) for each in Rating]}


def wanted_by(filters: Mapping[str, str]) -> Wanted:
    """What is not a filter's value is as if it were not there."""
    return Wanted(
        since=_day(first_instant, filters["since"]),
        until=_day(last_instant, filters["until"]),
        outcome=filters["outcome"] if filters["outcome"] in list(Outcome) else None,
        rating=Rating(filters["rating"]) if filters["rating"] in list(Rating) else None,
        entry_id=filters["entry"] or None,
        text=filters["text"] or None,
    )


def _day(read: Callable[[str], datetime], text: str) -> datetime | None:
    with suppress(ValueError):
        return read(text)
    return None
