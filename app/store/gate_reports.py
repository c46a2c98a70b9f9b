"""What the release gate found out about each candidate: a report, and the answers before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Engine, Text, func
from sqlmodel import Field, Session, SQLModel, col, delete, select

from app.store.database.db import UtcDateTime, now

_SLICE = 500


class GateStatus(StrEnum):
    PASSED = "passed"
    HELD = "held"
    FORCED = "forced"


class GateReportRow(SQLModel, table=True):
    """`against` is the release that was live; `reason` why it was forced, and by whom."""

    __tablename__ = "gate_reports"

    release_id: str = Field(primary_key=True, max_length=40)
    against: str = Field(max_length=40)
    status: str = Field(max_length=16)
    reason: str = Field(default="", sa_type=Text)
    counts: dict[str, int] = Field(sa_type=JSON)
    bars: list[dict[str, Any]] = Field(sa_type=JSON)
    seconds: float
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class GateAnswerRow(SQLModel, table=True):
    """One question with both answers. What a user said goes with the message that it is."""

    __tablename__ = "gate_answers"

    seq: int | None = Field(default=None, primary_key=True)
    release_id: str = Field(
        foreign_key="gate_reports.release_id", ondelete="CASCADE", index=True, max_length=40
    )
    message_id: str | None = Field(
        default=None, foreign_key="exchanges.message_id", ondelete="CASCADE", index=True, max_length=64
    )
    source: str = Field(max_length=16)
    ref: str = Field(max_length=128)
    verdict: str = Field(max_length=16)
    lost: bool
    detail: dict[str, Any] = Field(sa_type=JSON)


@dataclass(frozen=True, slots=True)
class DiffPage:
    """One page of a diff, what was lost first, what stays the same last; `total` counts all that match."""

    rows: tuple[GateAnswerRow, ...]
    total: int


class GateReports:
    """The reports of one database. Synchronous; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, report: GateReportRow, answers: Sequence[GateAnswerRow]) -> None:
        """All or nothing, in place of a report on the same release. A message that was deleted meanwhile is
        left out."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.exec(delete(GateReportRow).where(col(GateReportRow.release_id) == report.release_id))
            session.add(report)
            session.flush()
            there = _there(session, [row.message_id for row in answers if row.message_id])
            session.add_all(row for row in answers if row.message_id is None or row.message_id in there)

    def get(self, release_id: str) -> GateReportRow | None:
        with Session(self._engine) as session:
            return session.get(GateReportRow, release_id)

    def all(self) -> Mapping[str, GateReportRow]:
        """By release."""
        with Session(self._engine) as session:
            return {row.release_id: row for row in session.exec(select(GateReportRow))}

    def force(self, release_id: str, reason: str) -> None:
        """Notes that a release was activated all the same; nothing where there is no report on it."""
        with Session(self._engine) as session, session.begin():
            if row := session.get(GateReportRow, release_id):
                row.status, row.reason = GateStatus.FORCED.value, reason

    def diff(
        self, release_id: str, *, verdict: str | None = None, offset: int = 0, limit: int = 50
    ) -> DiffPage:
        matching = [col(GateAnswerRow.release_id) == release_id]
        if verdict is not None:
            matching.append(col(GateAnswerRow.verdict) == verdict)
        ordered = select(GateAnswerRow).where(*matching)
        ordered = ordered.order_by(
            col(GateAnswerRow.lost).desc(), col(GateAnswerRow.verdict) == "same", col(GateAnswerRow.seq)
        )
        with Session(self._engine) as session:
            total = session.exec(select(func.count()).select_from(GateAnswerRow).where(*matching)).one()
            return DiffPage(tuple(session.exec(ordered.offset(offset).limit(limit))), total)

    def forget_all_but(self, release_ids: Sequence[str]) -> None:
        """Removes the reports on releases that are gone."""
        with Session(self._engine) as session, session.begin():
            session.exec(delete(GateReportRow).where(col(GateReportRow.release_id).not_in(release_ids)))


def _there(session: Session, message_ids: Sequence[str]) -> set[str]:
    from app.store.turns.conversations import ExchangeRow

    found: set[str] = set()
    for start in range(0, len(message_ids), _SLICE):
        part = message_ids[start : start + _SLICE]
        known = select(ExchangeRow.message_id).where(col(ExchangeRow.message_id).in_(part))
        found.update(session.exec(known))
    return found
