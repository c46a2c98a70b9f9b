"""An import taken back: what it created goes, what it changed or removed is as before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, func, select

from knowledge.curation.rows import VersionRow, entry_from
from knowledge.curation.writing import kept_of, sliced
from knowledge.importing.changes import Plan
from knowledge.types import Entry

_DELETED = "deleted"
_OF_IMPORTS = ("imported", _DELETED)


@dataclass(slots=True)
class Undoing:
    """`left` are the ids of entries that somebody changed since: they stay as they are."""

    created: list[Entry] = field(default_factory=list)
    updated: list[tuple[Entry, Entry]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def plan(self) -> Plan:
        return Plan(tuple(self.created), tuple(self.updated), (), tuple(self.removed))


def undoing_of(session: Session, author: str, noted_at: datetime) -> Undoing:
    """What takes back the import that its author's line of `noted_at` in the log tells of: writing is
    exclusive, so it wrote the last versions before that line, all at one instant."""
    last = select(func.max(VersionRow.at)).where(col(VersionRow.at) <= noted_at)
    its = select(VersionRow).where(
        col(VersionRow.at) == last.scalar_subquery(),
        col(VersionRow.author) == author,
        col(VersionRow.act).in_(_OF_IMPORTS),
    )
    versions = session.exec(its.order_by(col(VersionRow.entry_id))).all()
    ids = [version.entry_id for version in versions]
    now, before, latest = kept_of(session, ids), _before(session, versions), _latest(session, ids)
    found = Undoing()
    for version in versions:
        kept, old = now.get(version.entry_id), before.get(version.entry_id)
        if latest[version.entry_id] != version.version:
            found.left.append(version.entry_id)
        elif kept is None:
            found.created.append(entry_from(version.record))
        elif old is None:
            found.removed.append(version.entry_id)
        else:
            found.updated.append((kept.entry, old))
    return found


def _before(session: Session, versions: Sequence[VersionRow]) -> Mapping[str, Entry]:
    """What was there before these versions, by id."""
    numbers = {version.entry_id: version.version - 1 for version in versions}
    return {
        row.entry_id: entry_from(row.record)
        for part in sliced([*numbers])
        for row in session.exec(select(VersionRow).where(col(VersionRow.entry_id).in_(part)))
        if row.version == numbers[row.entry_id] and row.act != _DELETED
    }


def _latest(session: Session, ids: Sequence[str]) -> dict[str, int]:
    last = select(VersionRow.entry_id, func.max(VersionRow.version)).group_by(VersionRow.entry_id)
    return {
        entry_id: version
        for part in sliced(ids)
        for entry_id, version in session.exec(last.where(col(VersionRow.entry_id).in_(part)))
    }
