"""What entries were: every version, and what differs between two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from knowledge.curation.rows import EntryRow, VersionRow
from knowledge.errors import EntryNotFound, VersionNotFound
from knowledge.importing.records import FIELDS

_MOST_LINES = 2_000
_MOST_PAIRS = 100_000  # of equal lines: matching takes that long for each block that stayed


@dataclass(frozen=True, slots=True)
class Version:
    """One state of an entry: what was done (`created`, `changed`, `imported`, `approved`, `reverted`,
    `deleted`, …), by whom, when and why, and the whole record as it was afterwards; of a deletion, before.
    `kept` is the state that an entry was in when its history began."""

    entry_id: str
    version: int
    act: str
    author: str
    at: datetime
    comment: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs. `lines` tell it line by line: those that went begin with "- ", those that came
    with "+ ", those that stayed with two spaces."""

    field: str
    before: Any
    after: Any
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Versions, newest first; `total` counts all."""

    versions: tuple[Version, ...]
    total: int


class History:
    """The versions of one database's entries. Synchronous; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, entry_id: str, *, offset: int = 0, limit: int = 50) -> VersionPage:
        """An entry's versions, also of one that was deleted. Raises `EntryNotFound`."""
        its = col(VersionRow.entry_id) == entry_id
        rows = select(VersionRow).where(its).order_by(col(VersionRow.version).desc())
        with Session(self._engine) as session:
            total = session.exec(select(func.count()).select_from(VersionRow).where(its)).one()
            if not total:
                raise EntryNotFound(entry_id)
            found = session.exec(rows.offset(offset).limit(limit))
            return VersionPage(tuple(map(_version, found)), total)

    def since(self, entry_id: str, version: int) -> tuple[Version, ...]:
        """What was done after a version, oldest first."""
        rows = select(VersionRow).where(VersionRow.entry_id == entry_id, VersionRow.version > version)
        with Session(self._engine) as session:
            return tuple(map(_version, session.exec(rows.order_by(col(VersionRow.version)))))

    def version(self, entry_id: str, version: int) -> Version:
        """Raises `VersionNotFound`."""
        with Session(self._engine) as session:
            row = session.get(VersionRow, (entry_id, version))
            if row is None:
                raise VersionNotFound(entry_id, version)
            return _version(row)

    def deleted(self, *, offset: int = 0, limit: int = 50) -> VersionPage:
        """The last version of each entry that is not there any more, by id."""
        last = select(VersionRow.entry_id, func.max(VersionRow.version).label("version"))
        there = select(EntryRow.id)
        latest = last.group_by(VersionRow.entry_id).where(col(VersionRow.entry_id).not_in(there)).subquery()
        rows = select(VersionRow).join(
            latest,
            (latest.c.entry_id == VersionRow.entry_id) & (latest.c.version == VersionRow.version),
        )
        with Session(self._engine) as session:
            total = session.exec(select(func.count()).select_from(latest)).one()
            found = session.exec(rows.order_by(col(VersionRow.entry_id)).offset(offset).limit(limit))
            return VersionPage(tuple(map(_version, found)), total)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """What differs between two records, field by field in their order."""
    pairs = ((name, before.get(name), after.get(name)) for name in FIELDS)
    return [FieldChange(name, old, new, _lines(old, new)) for name, old, new in pairs if old != new]


def _lines(old: object, new: object) -> tuple[str, ...]:
    before, after = _texts(old), _texts(new)
    if not _is_matched_soon(before, after):
        return (*(f"- {line}" for line in before), *(f"+ {line}" for line in after))
    told: list[str] = []
    for what, start, end, new_start, new_end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if what == "equal":
            told += (f"  {line}" for line in before[start:end])
        else:
            told += (f"- {line}" for line in before[start:end])
            told += (f"+ {line}" for line in after[new_start:new_end])
    return tuple(told)


def _is_matched_soon(before: Sequence[str], after: Sequence[str]) -> bool:
    if max(len(before), len(after)) > _MOST_LINES:
        return False
    there = Counter(before)
    return sum(there[line] * count for line, count in Counter(after).items()) <= _MOST_PAIRS


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [f"{item['title']} {item['url']}" if isinstance(item, dict) else str(item) for item in value]
    return str(value).split("\n") if value else []


def _version(row: VersionRow) -> Version:
    at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at.astimezone(UTC)
    return Version(row.entry_id, row.version, row.act, row.author, at, row.comment, row.record)
