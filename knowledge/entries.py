"""Entries in SQL: the one truth about what may be answered. Everything else is derived from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from sqlalchemy import Engine
from sqlmodel import Session, col, func, or_, select

from knowledge.curation.applying import ApplyCounts, ApplyMode, apply, by_id, planned
from knowledge.curation.history import History
from knowledge.curation.lifecycle import Kept, Writing, check_may_withdraw, restored, stepped, written
from knowledge.curation.rows import EntryRow, VersionRow, entry_from
from knowledge.curation.undoing import Undoing, undoing_of
from knowledge.curation.writing import (
    SLICE,
    Change,
    Witness,
    approved_of,
    kept_of,
    transaction,
    unwitnessed,
    write,
)
from knowledge.errors import EntryChanged, EntryExists, EntryNotFound, VersionNotFound
from knowledge.importing.changes import Plan
from knowledge.twins import without_superseded
from knowledge.types import Entry, EntryStatus

__all__ = ["ApplyCounts", "ApplyMode", "EntryPage", "EntryStore"]
_UNNAMED = Writing()


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page of entries ordered by id; `total` counts all that match."""

    entries: tuple[Entry, ...]
    total: int
    offset: int
    limit: int


class EntryStore:
    """The entries of one database. Synchronous; safe to use from many threads. Writing keeps every version,
    tells `witness` within the same transaction, and raises `StorageFailed` where the database is read-only,
    full or held too long by another writer. Its tables are there already."""

    def __init__(self, engine: Engine, witness: Witness = unwitnessed) -> None:
        self._engine = engine
        self._witness = witness
        self.history = History(engine)

    def get(self, entry_id: str) -> Entry:
        """Raises `EntryNotFound`."""
        return self.kept(entry_id).entry

    def kept(self, entry_id: str) -> Kept:
        """The entry with its version. Raises `EntryNotFound`."""
        with Session(self._engine) as session:
            return _found(session, entry_id)

    def page(
        self,
        *,
        topic: str | None = None,
        status: EntryStatus | None = None,
        text: str | None = None,
        expires_before: date | None = None,
        review_before: date | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> EntryPage:
        """Entries that match all filters given. `text` is looked for, whatever its case, in id, question,
        answer and alternates; `expires_before` and `review_before` find those with such a day before that."""
        matching = []
        if topic is not None:
            matching.append(col(EntryRow.topic) == topic)
        if status is not None:
            matching.append(col(EntryRow.status) == status.value)
        if text:
            matching.append(col(EntryRow.searched_text).contains(text.casefold(), autoescape=True))
        if expires_before is not None:
            matching.append(col(EntryRow.valid_until) < expires_before)
        if review_before is not None:
            matching.append(col(EntryRow.review_by) < review_before)
        records = select(EntryRow.record).where(*matching).order_by(col(EntryRow.id))
        with Session(self._engine) as session:
            total = session.exec(select(func.count()).select_from(EntryRow).where(*matching)).one()
            found = session.exec(records.offset(offset).limit(limit)).all()
        return EntryPage(tuple(entry_from(record) for record in found), total, offset, limit)

    def all(self) -> Iterator[Entry]:
        """Every entry, drafts and retired ones too, ordered by id."""
        with Session(self._engine) as session:
            records = select(EntryRow.record).order_by(col(EntryRow.id))
            for record in session.exec(records.execution_options(yield_per=SLICE)):
                yield entry_from(record)

    def recent(self, limit: int) -> list[Entry]:
        """The entries that were changed last, those first."""
        records = select(EntryRow.record).order_by(col(EntryRow.updated_at).desc(), col(EntryRow.id))
        with Session(self._engine) as session:
            return [entry_from(record) for record in session.exec(records.limit(limit))]

    def asking(self, question: str) -> list[Entry]:
        """Entries that hold this question, whatever its case, among them those that ask it."""
        held = col(EntryRow.searched_text).contains(question.casefold(), autoescape=True)
        records = select(EntryRow.record).where(held).order_by(col(EntryRow.id)).limit(SLICE)
        with Session(self._engine) as session:
            return [entry_from(record) for record in session.exec(records)]

    def servable(self, today: date, known: Mapping[str, Entry] = MappingProxyType({})) -> list[Entry]:
        """Approved and unexpired entries, ordered by id: what a release is made from; while a change of one
        waits to be approved, the version that was approved before. Of those that ask the same only the
        newest. Entries that are `known` by their content hash are not read again."""
        standing = select(VersionRow.record, VersionRow.at).join(
            EntryRow,
            (col(EntryRow.id) == VersionRow.entry_id) & (col(EntryRow.standing) == VersionRow.version),
        )
        with Session(self._engine) as session:
            found = [*_approved(session, today, known)]
            found += [(entry_from(record), at) for record, at in session.exec(standing)]
        kept = [(entry, at) for entry, at in found if entry.is_servable(today)]
        return without_superseded(sorted(kept, key=lambda each: each[0].id))

    def count(self) -> int:
        with Session(self._engine) as session:
            return session.exec(select(func.count()).select_from(EntryRow)).one()

    def state(self) -> tuple[int, datetime | None]:
        """Differs once any entry was written or deleted."""
        with Session(self._engine) as session:
            counted = select(func.count(), func.max(EntryRow.updated_at)).select_from(EntryRow)
            count, latest = session.exec(counted).one()
            return count, latest

    def waiting(self) -> int:
        """How many are in review."""
        in_review = col(EntryRow.status) == EntryStatus.IN_REVIEW.value
        with Session(self._engine) as session:
            return session.exec(select(func.count()).select_from(EntryRow).where(in_review)).one()

    def ids(self) -> frozenset[str]:
        """Of all entries."""
        with Session(self._engine) as session:
            return frozenset(session.exec(select(EntryRow.id)))

    def topics(self) -> frozenset[str]:
        """The topics that any entry has."""
        with Session(self._engine) as session:
            return frozenset(session.exec(select(EntryRow.topic).distinct()))

    def create(self, entry: Entry, by: Writing = _UNNAMED) -> Kept:
        """Raises `EntryExists`, and what `written` raises."""
        with transaction(self._engine) as session:
            if kept_of(session, [entry.id]):
                raise EntryExists(entry.id)
            return self._wrote(session, Change(None, *written(None, entry, by)), by, "created")

    def update(self, entry: Entry, by: Writing = _UNNAMED, known: int | None = None) -> Kept:
        """Replaces the entry that has this id; `known` is the version that the author had before him. Raises
        `EntryNotFound`, `EntryChanged`, and what `written` raises."""
        with transaction(self._engine) as session:
            before = _found(session, entry.id, known)
            standing = approved_of(session, [before]).get(entry.id)
            return self._wrote(session, Change(before, *written(before, entry, by, standing)), by, "changed")

    def delete(self, entry_id: str, by: Writing = _UNNAMED, known: int | None = None) -> None:
        """Its history stays. Raises `EntryNotFound`, `EntryChanged` and `ApprovalNeeded`."""
        with transaction(self._engine) as session:
            before = _found(session, entry_id, known)
            if before.said is not None:
                check_may_withdraw(entry_id, by)
            write(session, [Change(before, before.entry, deletes=True)], by, "deleted")
            self._witness(session, by, "entry.deleted", entry_id, {"version": before.version + 1})

    def set_status(
        self, entry_id: str, status: EntryStatus, by: Writing = _UNNAMED, known: int | None = None
    ) -> Kept:
        """Raises `EntryNotFound`, `EntryChanged`, and what `stepped` raises."""
        with transaction(self._engine) as session:
            before = _found(session, entry_id, known)
            return self._wrote(session, Change(before, *stepped(before, status, by)), by, status.value)

    def revert(self, entry_id: str, version: int, by: Writing = _UNNAMED, known: int | None = None) -> Kept:
        """Writes an entry as it was in a version, also where it was deleted since. Raises `VersionNotFound`,
        `EntryChanged`, and what `written` raises."""
        with transaction(self._engine) as session:
            row = session.get(VersionRow, (entry_id, version))
            if row is None:
                raise VersionNotFound(entry_id, version)
            before = kept_of(session, [entry_id]).get(entry_id)
            _check(before, known)
            standing = approved_of(session, [before] if before else []).get(entry_id)
            entry, stood = restored(before, entry_from(row.record), by, standing, row.standing)
            return self._wrote(session, Change(before, entry, stood), by, "reverted", to=version)

    def apply(
        self,
        entries: Sequence[Entry],
        mode: ApplyMode,
        given: Mapping[str, frozenset[str]] | None = None,
        by: Writing = _UNNAMED,
        check: Callable[[Plan], None] | None = None,
    ) -> ApplyCounts:
        """Writes all or nothing, in one transaction. `given` names by id the fields that an update
        touches, where not all; a replacement takes every entry as it is. `check` is told what will be
        written, and stops it by raising. Raises `ImportRejected` for an id given twice, and for a replacement
        by nothing: an empty file is a mistake, not a wish to lose everything; and what `written` raises."""
        named = by_id(entries, mode)
        with transaction(self._engine) as session:
            plan = planned(session, named, mode, given or {})
            if check is not None:
                check(plan)
            counts = apply(session, plan, named.keys(), by)
            if counts.created or counts.updated or counts.removed:
                told = {"created": counts.created, "updated": counts.updated, "removed": counts.removed}
                self._witness(session, by, "entries.imported", mode.value, told)
            return counts

    def preview(
        self, entries: Sequence[Entry], mode: ApplyMode, given: Mapping[str, frozenset[str]] | None = None
    ) -> Plan:
        """What `apply` would do now. Raises what it would."""
        with Session(self._engine) as session:
            return planned(session, by_id(entries, mode), mode, given or {})

    def preview_undo(self, author: str, noted_at: datetime) -> Undoing:
        """What would take back an import: `author` and `noted_at` as the witness noted them."""
        with Session(self._engine) as session:
            return undoing_of(session, author, noted_at)

    def undo(
        self,
        author: str,
        noted_at: datetime,
        by: Writing = _UNNAMED,
        check: Callable[[Undoing], None] | None = None,
    ) -> tuple[ApplyCounts, Undoing]:
        """Takes it back, all or nothing; entries that were changed since are left. `check` is as of `apply`.
        Raises what `written` raises. It is an import itself, and can be taken back."""
        with transaction(self._engine) as session:
            found = undoing_of(session, author, noted_at)
            if check is not None:
                check(found)
            counts = apply(session, found.plan, (), by, found.stood)
            told = {"created": counts.created, "updated": counts.updated, "removed": counts.removed}
            if any(told.values()):
                self._witness(session, by, "entries.imported", "undo", told)
            return counts, found

    def _wrote(self, session: Session, change: Change, by: Writing, act: str, **detail: int) -> Kept:
        """What is kept after a change; where it changes nothing, nothing is written."""
        before = change.before
        if before is not None and (before.entry, before.standing) == (change.entry, change.standing):
            return before
        (kept,) = write(session, [change], by, act).values()
        told = {"version": kept.version, "status": kept.entry.status.value, **detail}
        self._witness(session, by, f"entry.{act}", kept.entry.id, told)
        return kept


def _approved(session: Session, today: date, known: Mapping[str, Entry]) -> Iterator[tuple[Entry, datetime]]:
    """Approved, unexpired entries, each with its last change; only those that are not `known` are read."""
    listed = select(EntryRow.id, EntryRow.content_hash, EntryRow.updated_at).where(
        col(EntryRow.status) == EntryStatus.APPROVED.value,
        or_(col(EntryRow.valid_until).is_(None), col(EntryRow.valid_until) >= today),
    )
    unread: list[str] = []
    for entry_id, name, at in session.exec(listed).all():
        if name in known:
            yield known[name], at
        else:
            unread.append(entry_id)
    for start in range(0, len(unread), SLICE):
        those = col(EntryRow.id).in_(unread[start : start + SLICE])
        for record, at in session.exec(select(EntryRow.record, EntryRow.updated_at).where(those)):
            yield entry_from(record), at


def _found(session: Session, entry_id: str, known: int | None = None) -> Kept:
    """Raises `EntryNotFound` and `EntryChanged`."""
    kept = kept_of(session, [entry_id]).get(entry_id)
    if kept is None:
        raise EntryNotFound(entry_id)
    _check(kept, known)
    return kept


def _check(kept: Kept | None, known: int | None) -> None:
    """Raises `EntryChanged` where the entry is not as its author knew it."""
    if kept is not None and known is not None and known != kept.version:
        raise EntryChanged(kept.entry.id, known, kept.version)
