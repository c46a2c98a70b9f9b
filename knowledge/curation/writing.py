"""How changes of entries are written: each with its version and its witness, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, insert, tuple_, update
from sqlalchemy import select as columns  # SQLModel types four at most
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, col, delete, func, select

from knowledge.curation.lifecycle import Kept, Writing, same_content
from knowledge.curation.rows import EntryRow, VersionRow, entry_from, values_of
from knowledge.errors import StorageFailed
from knowledge.importing.records import record_of
from knowledge.types import Entry

SLICE = 500  # rows a statement: below every database's limit of bound values
Witness = Callable[[Session, Writing, str, str, Mapping[str, Any]], None]
"""Told of an act within its transaction: by whom, which act, on what, and details."""


@dataclass(frozen=True, slots=True)
class Change:
    """`entry` takes the place of `before`, of which there may be none; or, `deletes`, is what goes.
    `standing` is what `knowledge.curation.lifecycle` says."""

    before: Kept | None
    entry: Entry
    standing: int | None = None
    deletes: bool = False


def unwitnessed(
    _session: Session, _by: Writing, _act: str, _subject: str, _detail: Mapping[str, Any]
) -> None:
    """For measurements, and where there is no log."""


def exclusive(session: Session, table: str) -> None:
    """Begins the transaction as the only one that writes a table: what it reads of it stays true until its
    end."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver itself begins before the first write only
    else:
        connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


def kept_of(session: Session, ids: Sequence[str]) -> dict[str, Kept]:
    """Those of the entries that there are, by id."""
    names = ("id", "record", "version", "content_by", "standing")
    wanted = columns(*(getattr(EntryRow, name) for name in names))
    rows = (row for part in sliced(ids) for row in session.execute(wanted.where(col(EntryRow.id).in_(part))))
    return {
        entry_id: Kept(entry_from(record), version, author, standing)
        for entry_id, record, version, author, standing in rows
    }


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One that no other writes beside, committed at the end, rolled back on any error. Raises
    `StorageFailed`."""
    try:
        with Session(engine) as session, session.begin():
            exclusive(session, "entries")
            yield session
    except OperationalError as error:
        raise StorageFailed(f"The database cannot be written: {error.orig}.") from error
    except IntegrityError as error:
        raise StorageFailed("The entries were changed by someone else meanwhile: try again.") from error


def write(session: Session, changes: Sequence[Change], by: Writing, act: str) -> dict[str, Kept]:
    """Writes the changes, each with a version that follows its entry's last one, and gives what is kept now,
    by id. `act` is kept with each version."""
    latest = latest_of(session, [change.entry.id for change in changes if change.before is None])
    at = datetime.now(UTC)
    made, versions, kept = [], [], {}
    for change in changes:
        entry = change.entry
        number = (change.before.version if change.before else latest.get(entry.id, 0)) + 1
        versions.append(_version(change, number, by, act, at))
        if not change.deletes:
            kept[entry.id] = Kept(entry, number, _author(change, by), change.standing)
            made.append((change.before is None, kept[entry.id]))
    _put(session, made)
    gone = [change.entry.id for change in changes if change.deletes]
    for part in sliced(gone):
        session.exec(delete(EntryRow).where(col(EntryRow.id).in_(part)))
    if versions:
        session.execute(insert(VersionRow), versions)
    return kept


def sliced(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + SLICE] for start in range(0, len(items), SLICE))


def _put(session: Session, made: Iterable[tuple[bool, Kept]]) -> None:
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    for is_new, kept in made:
        more = {"version": kept.version, "content_by": kept.content_by, "standing": kept.standing}
        (new if is_new else old).append(values_of(kept.entry) | more)
    if new:
        session.execute(insert(EntryRow), new)
    if old:
        session.execute(update(EntryRow), old)


def latest_of(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """The last versions of entries, also of those that are not there any more, by id."""
    last = select(VersionRow.entry_id, func.max(VersionRow.version)).group_by(VersionRow.entry_id)
    return {
        entry_id: version
        for part in sliced(ids)
        for entry_id, version in session.exec(last.where(col(VersionRow.entry_id).in_(part)))
    }


def versions_of(session: Session, numbers: Mapping[str, int]) -> dict[str, VersionRow]:
    """One version each of entries, those that there are, by id."""
    key = tuple_(col(VersionRow.entry_id), col(VersionRow.version))
    return {
        row.entry_id: row
        for part in sliced([*numbers])
        for row in session.exec(select(VersionRow).where(key.in_([(each, numbers[each]) for each in part])))
    }


def approved_of(session: Session, kept: Iterable[Kept]) -> dict[str, Entry]:
    """The approved versions that stand while a change of them waits, by id."""
    standing = {each.entry.id: each.standing for each in kept if each.standing is not None}
    return {entry_id: entry_from(row.record) for entry_id, row in versions_of(session, standing).items()}


def _version(change: Change, number: int, by: Writing, act: str, at: datetime) -> dict[str, Any]:
    entry, standing = change.entry, change.standing
    if change.deletes and change.before is not None:
        act, standing = "deleted", change.before.standing
    return {
        "entry_id": entry.id,
        "version": number,
        "standing": standing,
        "act": act,
        "author": by.author,
        "at": at,
        "comment": by.comment,
        "record": record_of(entry),
    }


def _author(change: Change, by: Writing) -> str:
    before = change.before
    return before.content_by if before and same_content(before.entry, change.entry) else by.author
