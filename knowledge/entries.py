"""Entries in SQL: the one truth about what may be answered. Everything else is derived from here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Engine, insert, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, col, delete, func, or_, select

from knowledge.curation.rows import EntryRow, entry_from, values_of
from knowledge.errors import EntryExists, EntryNotFound, ImportRejected, LineError, StorageFailed
from knowledge.importing.changes import Plan, plan_of
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
            return entry_from(row.record)

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
        return EntryPage(tuple(entry_from(record) for record in found), total, offset, limit)

    def all(self) -> Iterator[Entry]:
        """Every entry, drafts and archived ones too, ordered by id."""
        with Session(self._engine) as session:
            records = select(EntryRow.record).order_by(col(EntryRow.id))
            for record in session.exec(records.execution_options(yield_per=_SLICE)):
                yield entry_from(record)

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
            return without_superseded((entry_from(record), at) for record, at in session.exec(dated))

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
                session.execute(insert(EntryRow), [values_of(entry)])
        except IntegrityError:
            raise EntryExists(entry.id) from None
        return entry

    def update(self, entry: Entry) -> Entry:
        """Replaces the entry that has this id. Raises `EntryNotFound`."""
        with self._writing() as session:
            if session.get(EntryRow, entry.id) is None:
                raise EntryNotFound(entry.id)
            session.execute(update(EntryRow), [values_of(entry)])
        return entry

    def delete(self, entry_id: str) -> None:
        """Raises `EntryNotFound`."""
        with self._writing() as session:
            row = session.get(EntryRow, entry_id)
            if row is None:
                raise EntryNotFound(entry_id)
            session.delete(row)

    def apply(
        self, entries: Sequence[Entry], mode: ApplyMode, given: Mapping[str, frozenset[str]] | None = None
    ) -> ApplyCounts:
        """Writes all or nothing, in one transaction. `given` names by id the fields that an update
        touches, where not all; a replacement takes every entry as it is. Raises `ImportRejected` for an id
        given twice, and for a replacement by nothing: an empty file is a mistake, not a wish to lose
        everything."""
        named = _by_id(entries, mode)
        try:
            with self._writing() as session:
                return _apply(session, _plan(session, named, mode, given or {}), named.keys())
        except IntegrityError as error:
            raise StorageFailed("The entries were changed by someone else meanwhile: try again.") from error

    def preview(
        self, entries: Sequence[Entry], mode: ApplyMode, given: Mapping[str, frozenset[str]] | None = None
    ) -> Plan:
        """What `apply` would do now. Raises what it would."""
        with Session(self._engine) as session:
            return _plan(session, _by_id(entries, mode), mode, given or {})

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """One transaction, committed at the end, rolled back on any error."""
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except OperationalError as error:
            raise StorageFailed(f"The database cannot be written: {error.orig}.") from error


def _by_id(entries: Sequence[Entry], mode: ApplyMode) -> dict[str, Entry]:
    if mode is ApplyMode.REPLACE and not entries:
        raise ImportRejected([LineError(1, "there is no entry here: nothing was replaced")])
    named = {entry.id: entry for entry in entries}
    if len(named) < len(entries):
        raise ImportRejected([LineError(1, "two entries have the same id")])
    return named


def _plan(
    session: Session, named: Mapping[str, Entry], mode: ApplyMode, given: Mapping[str, frozenset[str]]
) -> Plan:
    ids = list(session.exec(select(EntryRow.id)))
    known = [entry_id for entry_id in ids if entry_id in named]
    stored: dict[str, Entry] = {}
    for start in range(0, len(known), _SLICE):
        records = select(EntryRow.record).where(col(EntryRow.id).in_(known[start : start + _SLICE]))
        stored |= {entry.id: entry for entry in map(entry_from, session.exec(records))}
    if mode is ApplyMode.UPSERT:
        return plan_of(named, stored, (), given)
    return plan_of(named, stored, tuple(entry_id for entry_id in ids if entry_id not in named), {})


def _apply(session: Session, plan: Plan, touched: Collection[str]) -> ApplyCounts:
    if plan.created:
        session.execute(insert(EntryRow), [values_of(entry) for entry in plan.created])
    if plan.updated:
        session.execute(update(EntryRow), [values_of(entry) for _, entry in plan.updated])
    for start in range(0, len(plan.removed), _SLICE):
        session.exec(delete(EntryRow).where(col(EntryRow.id).in_(plan.removed[start : start + _SLICE])))
    approved = select(EntryRow.record, EntryRow.updated_at).where(
        col(EntryRow.status) == EntryStatus.APPROVED.value
    )
    dated = ((entry_from(record), at) for record, at in session.exec(approved.order_by(col(EntryRow.id))))
    warnings = (*plan.renamed, *shared_wordings(dated, touched))
    return ApplyCounts(len(plan.created), len(plan.updated), len(plan.unchanged), len(plan.removed), warnings)
