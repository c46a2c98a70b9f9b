"""The audit log: every act on the admin side, by whom and when. It only grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import JSON, ColumnElement, Engine
from sqlmodel import Field, Session, SQLModel, col, func, or_, select

from app.store.curators import Curator, Role
from app.store.database.db import UtcDateTime, now
from knowledge.curation.lifecycle import Writing


class AuditRow(SQLModel, table=True):
    """One act. `act` is a word of two parts ("entry.approved"), `subject` the id of what it was done to,
    `via` what the curator came in with."""

    __tablename__ = "audit"

    seq: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    curator: str = Field(index=True, max_length=100)
    via: str = Field(max_length=100)
    act: str = Field(index=True, max_length=64)
    subject: str = Field(index=True, max_length=200)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of acts, newest first; `total` counts all that match."""

    acts: tuple[AuditRow, ...]
    total: int


class Sought(TypedDict, total=False):
    """Filters of acts, of which all given have to hold: `act` whole or its first part ("entry"), `since`
    inclusive, `until` exclusive."""

    curator: str | None
    act: str | None
    subject: str | None
    since: datetime | None
    until: datetime | None


_AT_ONCE = 500  # rows


class AuditLog:
    """The acts of one database. Synchronous; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(
        self, curator: Curator, act: str, subject: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Keeps one act, in a transaction of its own."""
        with Session(self._engine) as session, session.begin():
            note(session, curator, act, subject, detail)

    def page(self, *, offset: int = 0, limit: int = 50, **sought: Unpack[Sought]) -> AuditPage:
        """Acts that match."""
        matching = _conditions(sought)
        acts = select(AuditRow).where(*matching).order_by(col(AuditRow.seq).desc())
        with Session(self._engine) as session:
            total = session.exec(select(func.count()).select_from(AuditRow).where(*matching)).one()
            return AuditPage(tuple(session.exec(acts.offset(offset).limit(limit))), total)

    def get(self, seq: int) -> AuditRow | None:
        """One act by its number; None where there is none."""
        with Session(self._engine) as session:
            return session.get(AuditRow, seq)

    def each(self, **sought: Unpack[Sought]) -> Iterator[AuditRow]:
        """The same, all of them, one after the other."""
        acts = select(AuditRow).where(*_conditions(sought)).order_by(col(AuditRow.seq).desc())
        with Session(self._engine) as session:
            yield from session.exec(acts.execution_options(yield_per=_AT_ONCE))

    def acts(self) -> tuple[str, ...]:
        """The words for what was done so far, by the alphabet."""
        with Session(self._engine) as session:
            return tuple(sorted(session.exec(select(AuditRow.act).distinct())))


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    matching: list[ColumnElement[bool]] = [
        col(getattr(AuditRow, name)) == value
        for name in ("curator", "subject")
        if (value := sought.get(name)) is not None
    ]
    if act := sought.get("act"):
        begins = col(AuditRow.act).startswith(f"{act}.", autoescape=True)
        matching.append(or_(col(AuditRow.act) == act, begins))
    if since := sought.get("since"):
        matching.append(col(AuditRow.at) >= since)
    if until := sought.get("until"):
        matching.append(col(AuditRow.at) < until)
    return matching


def witness(session: Session, by: Writing, act: str, subject: str, detail: Mapping[str, Any]) -> None:
    """A `knowledge.curation.writing.Witness`: an act on entries happens with its line here, or not at all."""
    note(session, Curator(by.author, Role.VIEWER, by.via), act, subject, detail)


def note(
    session: Session, curator: Curator, act: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """The same within the transaction of the act itself: both happen, or neither."""
    session.add(
        AuditRow(curator=curator.name, via=curator.via, act=act, subject=subject, detail=dict(detail or {}))
    )
