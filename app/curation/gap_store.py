"""Gaps as they are kept: which messages belong to one, and what curators and releases made of it. What was
said stays in the conversations alone, and goes with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, insert
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col, delete, func, select, update

from app.store.database.db import UtcDateTime, now

_SLICE = 500  # rows a statement: below every database's limit of bound values
_HOPS = 20  # of gaps that went into one another


class GapNotFound(LookupError):
    """There is no such gap, or no longer: its messages were deleted, or are too old."""


class GapState(StrEnum):
    """`closed` by a release that answers it, `reopened` where its question came back without an answer,
    `dismissed` by a curator."""

    OPEN = "open"
    CLOSED = "closed"
    DISMISSED = "dismissed"
    REOPENED = "reopened"


OPEN_STATES = (GapState.OPEN, GapState.REOPENED)


class GapRow(SQLModel, table=True):
    """`asked_release` is the last release that its messages were put to, `release_id` the one that closed it,
    `entry_id` the entry that was made or worded for it, `merged_into` the gap that holds its messages now."""

    __tablename__ = "gap"

    id: str = Field(primary_key=True, max_length=32)
    section: str = Field(max_length=16, index=True)
    state: str = Field(default=GapState.OPEN.value, max_length=16)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    changed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    release_id: str | None = Field(default=None, max_length=128)
    asked_release: str | None = Field(default=None, max_length=128)
    entry_id: str | None = Field(default=None, max_length=100)
    merged_into: str | None = Field(default=None, foreign_key="gap.id", ondelete="CASCADE", max_length=32)


class GapMessageRow(SQLModel, table=True):
    __tablename__ = "gap_message"

    message_id: str = Field(
        primary_key=True, foreign_key="exchanges.message_id", ondelete="CASCADE", max_length=64
    )
    gap_id: str = Field(foreign_key="gap.id", ondelete="CASCADE", index=True, max_length=32)


class GapStore:
    """The gaps of one database. Synchronous; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writes = 0

    def state(self, section: str) -> tuple[Any, ...]:
        """Differs once any gap of a section was changed: by this process, or so that curators see it."""
        written = func.count(col(GapRow.entry_id)) + func.count(col(GapRow.merged_into))
        its = sa_select(func.count(), func.max(GapRow.changed_at), written).where(
            col(GapRow.section) == section
        )
        with self._engine.connect() as connection:
            return (self._writes, *connection.execute(its).one())

    def rows(self, section: str) -> dict[str, GapRow]:
        """By id. Made of plain columns: of thousands, what an ORM keeps to write them back costs most."""
        columns = list(SQLModel.metadata.tables[GapRow.__tablename__].columns)
        with self._engine.connect() as connection:
            found = connection.execute(sa_select(*columns).where(col(GapRow.section) == section)).mappings()
            return {row["id"]: GapRow.model_construct(**row) for row in found}

    def count_open(self, section: str) -> int:
        """As they were arranged last."""
        its = (
            GapRow.section == section,
            col(GapRow.merged_into).is_(None),
            col(GapRow.state).in_(OPEN_STATES),
        )
        with Session(self._engine) as session:
            return session.exec(select(func.count()).select_from(GapRow).where(*its)).one()

    def members(self, section: str) -> dict[str, str]:
        """The gap of each message."""
        with Session(self._engine) as session:
            joined = select(GapMessageRow.message_id, GapMessageRow.gap_id).join(GapRow)
            return dict(session.exec(joined.where(GapRow.section == section)).all())

    def save(
        self,
        made: Collection[GapRow],
        moved: Mapping[str, str],
        left: Collection[str],
        merged: Mapping[str, str],
        reopened: Collection[str],
    ) -> None:
        """One transaction: new gaps, messages with the gap they belong to now, messages that belong to none
        any more, gaps that went into others; gaps that nothing belongs to are deleted."""
        with Session(self._engine) as session, session.begin():
            session.add_all(made)
            session.flush()
            for ids in _parts([*left, *moved]):
                session.exec(delete(GapMessageRow).where(col(GapMessageRow.message_id).in_(ids)))
            if moved:
                belonging = [{"message_id": each, "gap_id": gap_id} for each, gap_id in moved.items()]
                session.execute(insert(GapMessageRow), belonging)
            for gap_id, into in merged.items():
                session.exec(update(GapRow).where(col(GapRow.id) == gap_id).values(merged_into=into))
            session.flush()
            for ids in _parts(reopened):
                again = {"state": GapState.REOPENED.value, "changed_at": now()}
                session.exec(update(GapRow).where(col(GapRow.id).in_(ids)).values(again))
            _delete_empty(session)
        self._writes += 1

    def change(self, gap_id: str, *, was: str | None = None, **values: Any) -> None:  # noqa: ANN401
        """Where `was` is given, only a gap that is still in that state. Raises `GapNotFound`."""
        named = update(GapRow).where(col(GapRow.id) == gap_id)
        with Session(self._engine) as session, session.begin():
            if was is not None:
                named = named.where(col(GapRow.state) == was)
            changed = session.exec(named.values(**values))
            if not changed.rowcount:
                raise GapNotFound(gap_id)
        self._writes += 1

    def resolve(self, gap_id: str) -> GapRow:
        """The gap, or the one that it went into. Raises `GapNotFound`."""
        with Session(self._engine, expire_on_commit=False) as session:
            row = session.get(GapRow, gap_id)
            for _ in range(_HOPS):
                if row is None or row.merged_into is None:
                    break
                row = session.get(GapRow, row.merged_into)
        if row is None or row.merged_into is not None:
            raise GapNotFound(gap_id)
        return row


def _delete_empty(session: Session) -> None:
    held = select(GapMessageRow.gap_id)
    empty = col(GapRow.merged_into).is_(None) & col(GapRow.id).not_in(held)
    session.exec(delete(GapRow).where(empty))


def _parts(ids: Collection[str]) -> Iterator[list[str]]:
    listed = list(ids)
    return (listed[start : start + _SLICE] for start in range(0, len(listed), _SLICE))
