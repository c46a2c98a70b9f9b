"""The audit log: every act on the admin side, by whom and when. It only grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Engine
from sqlmodel import Field, Session, SQLModel, col, func, or_, select

from app.store.curators import Curator, Role
from app.store.db import UtcDateTime, now
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

    def page(
        self,
        *,
        curator: str | None = None,
        act: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> AuditPage:
        """Acts that match all filters given: `act` whole or its first part ("entry"), `since` inclusive,
        `until` exclusive."""
        matching = []
        if curator is not None:
            matching.append(col(AuditRow.curator) == curator)
        if act is not None:
            begins = col(AuditRow.act).startswith(f"{act}.", autoescape=True)
            matching.append(or_(col(AuditRow.act) == act, begins))
        if subject is not None:
            matching.append(col(AuditRow.subject) == subject)
        if since is not None:
            matching.append(col(AuditRow.at) >= since)
        if until is not None:
            matching.append(col(AuditRow.at) < until)
        acts = select(AuditRow).where(*matching).order_by(col(AuditRow.seq).desc())
        with Session(self._engine) as session:
            total = session.exec(select(func.count()).select_from(AuditRow).where(*matching)).one()
            return AuditPage(tuple(session.exec(acts.offset(offset).limit(limit))), total)


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
