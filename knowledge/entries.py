"""Entries in SQL: the one truth about what may be answered. Everything else is derived from here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Engine, Text, insert, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Field, Session, SQLModel, col, delete, func, or_, select

from knowledge.errors import EntryExists, EntryNotFound, ImportRejected, LineError, StorageFailed
from knowledge.records import Problems, entry_of, record_of
from knowledge.twins import shared_wordings, without_superseded
from knowledge.types import Entry, EntryStatus

_SLICE = 500  # rows a statement: below every database's limit of bound values


class ApplyMode(StrEnum):
    UPSERT = "upsert"  # create and update what is named, leave the rest
    REPLACE = "replace"  # afterwards the store holds exactly what is named


@dataclass(frozen=True, slots=True)
class ApplyCounts:
    """What an import changed, and in `warnings` which entries ask the same as another."""

    created: int
    updated: int
    unchanged: int
    removed: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page of entries ordered by id; `total` counts all that match."""

    entries: tuple[Entry, ...]
    total: int
    offset: int
    limit: int


class EntryRow(SQLModel, table=True):
    """The table. `record` holds the whole entry; the other columns are what is filtered on."""

    __tablename__ = "entries"

    id: str = Field(primary_key=True, max_length=100)
    topic: str = Field(index=True, max_length=100)
    status: str = Field(index=True, max_length=20)
    valid_until: date | None = Field(default=None, index=True)
    searched_text: str = Field(sa_column=Column(Text, nullable=False))
    record: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    content_hash: str = Field(max_length=64)
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def content_hash(entry: Entry) -> str:
    """SHA-256 (hex) over every field of the entry."""
    text = json.dumps(record_of(entry), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class EntryStore:
    """The entries of one database. Synchronous; safe to use from many threads. Writing raises
    `StorageFailed` where the database is read-only, full or held too long by another writer. Its table is
    there already."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, entry_id: str) -> Entry:
        """Raises `EntryNotFound`."""
        with Session(self._engine) as session:
            row = session.get(EntryRow, entry_id)
            if row is None:
                raise EntryNotFound(entry_id)
            return _entry(row.record)

    def page(
        self,
        *,
        topic: str | None = None,
        status: EntryStatus | None = None,
        text: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> EntryPage:
        """Entries that match all filters given. `text` is looked for, whatever its case, in id, question,
        answer and alternates."""
        matching = []
        if topic is not None:
            matching.append(col(EntryRow.topic) == topic)
        if status is not None:
            matching.append(col(EntryRow.status) == status.value)
        if text:
            matching.append(col(EntryRow.searched_text).contains(text.casefold(), autoescape=True))
        records = select(EntryRow.record).where(*matching).order_by(col(EntryRow.id))
        with Session(self._engine) as session:
            total = session.exec(select(func.count()).select_from(EntryRow).where(*matching)).one()
            found = session.exec(records.offset(offset).limit(limit)).all()
        return EntryPage(tuple(_entry(record) for record in found), total, offset, limit)

    def all(self) -> Iterator[Entry]:
        """Every entry, drafts and archived ones too, ordered by id."""
        with Session(self._engine) as session:
            records = select(EntryRow.record).order_by(col(EntryRow.id))
            for record in session.exec(records.execution_options(yield_per=_SLICE)):
                yield _entry(record)

    def servable(self, today: date) -> list[Entry]:
        """Approved and unexpired entries, ordered by id: what a release is made from. Of those that ask the
        same only the newest."""
        dated = (
            select(EntryRow.record, EntryRow.updated_at)
            .where(
                col(EntryRow.status) == EntryStatus.APPROVED.value,
                or_(col(EntryRow.valid_until).is_(None), col(EntryRow.valid_until) >= today),
            )
            .order_by(col(EntryRow.id))
        )
        with Session(self._engine) as session:
            return without_superseded((_entry(record), at) for record, at in session.exec(dated))

    def count(self) -> int:
        with Session(self._engine) as session:
            return session.exec(select(func.count()).select_from(EntryRow)).one()

    def topics(self) -> frozenset[str]:
        """The topics that any entry has."""
        with Session(self._engine) as session:
            return frozenset(session.exec(select(EntryRow.topic).distinct()))

    def create(self, entry: Entry) -> Entry:
        """Raises `EntryExists`."""
        try:
            with self._writing() as session:
                session.execute(insert(EntryRow), [_values(entry)])
        except IntegrityError:
            raise EntryExists(entry.id) from None
        return entry

    def update(self, entry: Entry) -> Entry:
        """Replaces the entry that has this id. Raises `EntryNotFound`."""
        with self._writing() as session:
            if session.get(EntryRow, entry.id) is None:
                raise EntryNotFound(entry.id)
            session.execute(update(EntryRow), [_values(entry)])
        return entry

    def delete(self, entry_id: str) -> None:
        """Raises `EntryNotFound`."""
        with self._writing() as session:
            row = session.get(EntryRow, entry_id)
            if row is None:
                raise EntryNotFound(entry_id)
            session.delete(row)

    def apply(self, entries: Sequence[Entry], mode: ApplyMode) -> ApplyCounts:
        """Writes all or nothing, in one transaction. Raises `ImportRejected` for an id given twice, and
        for a replacement by nothing: an empty file is a mistake, not a wish to lose everything."""
        if mode is ApplyMode.REPLACE and not entries:
            raise ImportRejected([LineError(1, "there is no entry here: nothing was replaced")])
        given = {entry.id: entry for entry in entries}
        if len(given) < len(entries):
            raise ImportRejected([LineError(1, "two entries have the same id")])
        try:
            with self._writing() as session:
                return _apply(session, given, mode)
        except IntegrityError as error:
            raise StorageFailed("The entries were changed by someone else meanwhile: try again.") from error

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """One transaction, committed at the end, rolled back on any error."""
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except OperationalError as error:
            raise StorageFailed(f"The database cannot be written: {error.orig}.") from error


def _apply(session: Session, given: Mapping[str, Entry], mode: ApplyMode) -> ApplyCounts:
    stored = dict(session.exec(select(EntryRow.id, EntryRow.content_hash)).all())
    created = [_values(entry) for entry_id, entry in given.items() if entry_id not in stored]
    named = [_values(entry) for entry_id, entry in given.items() if entry_id in stored]
    updated = [values for values in named if values["content_hash"] != stored[values["id"]]]
    removed = [entry_id for entry_id in stored if entry_id not in given] if mode is ApplyMode.REPLACE else []
    if created:
        session.execute(insert(EntryRow), created)
    if updated:
        session.execute(update(EntryRow), updated)
    for start in range(0, len(removed), _SLICE):
        session.exec(delete(EntryRow).where(col(EntryRow.id).in_(removed[start : start + _SLICE])))
    approved = select(EntryRow.record, EntryRow.updated_at).where(
        col(EntryRow.status) == EntryStatus.APPROVED.value
    )
    dated = ((_entry(record), at) for record, at in session.exec(approved.order_by(col(EntryRow.id))))
    warnings = tuple(shared_wordings(dated, given.keys()))
    return ApplyCounts(len(created), len(updated), len(named) - len(updated), len(removed), warnings)


def _values(entry: Entry) -> dict[str, Any]:
    texts = (entry.id, entry.question, *entry.alternates, entry.answer)
    return {
        "id": entry.id,
        "topic": entry.topic,
        "status": entry.status.value,
        "valid_until": entry.valid_until,
        "searched_text": "\n".join(texts).casefold(),
        "record": record_of(entry),
        "content_hash": content_hash(entry),
        "updated_at": datetime.now(UTC),
    }


def _entry(record: Mapping[str, Any]) -> Entry:
    problems = Problems()
    entry = entry_of(record, problems)
    if problems:
        raise StorageFailed(f'The stored entry "{entry.id}" cannot be read: {"; ".join(problems)}.')
    return entry
