"""Instants as people give them: a day, or a day with its time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field


def first_instant(text: str) -> datetime:
    """The instant of `2026-11-29T10:00:00+01:00`, or the beginning of the day `2026-11-29`; in UTC where no
    zone is given. Raises `ValueError` for anything else."""
    return _instant(text, end_of_day=False)


def last_instant(text: str) -> datetime:
    """The same, and of a day its end: where the next one begins."""
    return _instant(text, end_of_day=True)


def _instant(text: str, *, end_of_day: bool) -> datetime:
    try:
        if len(text) <= len("2026-11-29"):
            day = date.fromisoformat(text) + timedelta(days=int(end_of_day))
            return datetime.combine(day, time(), UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("give a day (2026-11-29) or an instant (2026-11-29T10:00:00Z)") from None


def _parsed(parse: object) -> BeforeValidator:
    return BeforeValidator(lambda given: parse(given) if isinstance(given, str) else given)  # type: ignore[operator]


Since = Annotated[datetime | None, _parsed(first_instant), Field(description="From this day or instant on.")]
Until = Annotated[
    datetime | None, _parsed(last_instant), Field(description="Up to this day, or before this instant.")
]
