"""An import taken back: what it created goes, what it changed or removed is as before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, func, select

from knowledge.curation.rows import VersionRow, entry_from
from knowledge.curation.writing import kept_of, latest_of, versions_of
from knowledge.importing.changes import Plan
from knowledge.types import Entry

_DELETED = "deleted"
_OF_IMPORTS = ("imported", _DELETED)


@dataclass(slots=True)
class Undoing:
    """`left` are the ids of entries that somebody changed since: they stay as they are. `stood`: by id, the
    versions that stood while what is brought back waited to be approved."""

    created: list[Entry] = field(default_factory=list)
    updated: list[tuple[Entry, Entry]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stood: dict[str, int] = field(default_factory=dict)

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
    now, latest = kept_of(session, ids), latest_of(session, ids)
    before = versions_of(session, {version.entry_id: version.version - 1 for version in versions})
    found = Undoing()
    for version in versions:
        kept, old = now.get(version.entry_id), before.get(version.entry_id)
        if latest[version.entry_id] != version.version:
            found.left.append(version.entry_id)
        elif kept is None:
            found.created.append(entry_from(version.record))
            _note_standing(found, version)
        elif old is None or old.act == _DELETED:
            found.removed.append(version.entry_id)
        else:
            found.updated.append((kept.entry, entry_from(old.record)))
            _note_standing(found, old)
    return found


def _note_standing(found: Undoing, version: VersionRow) -> None:
    if version.standing is not None:
        found.stood[version.entry_id] = version.standing
