"""How the service has been doing, day by day: counted from what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from app.store.database.db import now
from app.store.turns.conversations import FeedbackRow, Rating
from app.store.turns.turn_table import TurnRow

FAILED = "failed"  # a turn without an outcome


@dataclass(frozen=True, slots=True)
class Day:
    """One day, in UTC: turns by outcome, and how many replies were rated down on it."""

    day: date
    outcomes: Mapping[str, int]
    rated_down: int


def daily(engine: Engine, days: int) -> list[Day]:
    """The last `days` days, today last."""
    today = now().date()
    since = now() - timedelta(days=days)
    on = _day(engine, TurnRow.created_at)
    rated_on = _day(engine, FeedbackRow.created_at)
    turns = select(on, TurnRow.outcome, func.count()).where(col(TurnRow.created_at) >= since)
    rated = select(rated_on, func.count()).where(
        col(FeedbackRow.created_at) >= since, FeedbackRow.rating == Rating.DOWN
    )
    with Session(engine) as session:
        counted: dict[str, Counter[str]] = {}
        for day, outcome, count in session.exec(turns.group_by(on, col(TurnRow.outcome))):
            counted.setdefault(str(day), Counter())[outcome or FAILED] += count
        down = {str(day): count for day, count in session.exec(rated.group_by(rated_on))}
    listed = (today - timedelta(days=back) for back in range(days - 1, -1, -1))
    return [Day(day, counted.get(str(day), Counter()), down.get(str(day), 0)) for day in listed]


def _day(engine: Engine, instant: Any) -> Any:  # noqa: ANN401  # a column, and a function of it
    """The day of an instant in UTC, whatever zone the database's server is in."""
    kept = func.timezone("UTC", instant) if engine.dialect.name == "postgresql" else instant
    return func.date(kept)
