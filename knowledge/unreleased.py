"""How many entries differ between what is stored and what is served, told without reading them all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from knowledge.curation.rows import EntryRow, VersionRow, content_hash, entry_from
from knowledge.curation.writing import SLICE
from knowledge.twins import question_key, without_superseded
from knowledge.types import Entry, EntryStatus

_APPROVED = col(EntryRow.status) == EntryStatus.APPROVED.value


def changes_not_live(engine: Engine, served: Mapping[str, str]) -> int:
    """How many entries a release built now would add, change or drop against the content hashes `served`. An
    entry that has expired is not served any more in either. Blocks for some 50 ms per 10,000."""
    with Session(engine) as session:
        stored = _said(session, date.today())
        missing = [
            entry_id for entry_id, (_, expired) in stored.items() if entry_id not in served and not expired
        ]
        added = _said_among(session, missing, date.today()) if missing else 0
    gone = sum(entry_id not in stored for entry_id in served)
    both = (
        (found, served[entry_id])
        for entry_id, (found, expired) in stored.items()
        if entry_id in served and not expired
    )
    return gone + added + sum(found != was for found, was in both)


def _said(session: Session, today: date) -> dict[str, tuple[str, bool]]:
    """The content hash of what each entry says as approved, by id, and whether that has expired."""
    approved = select(EntryRow.id, EntryRow.content_hash, col(EntryRow.valid_until)).where(_APPROVED)
    found = {
        entry_id: (its_hash, until is not None and until < today)
        for entry_id, its_hash, until in session.exec(approved)
    }
    for entry in _waiting(session):
        found[entry.id] = content_hash(entry), not entry.is_servable(today)
    return found


def _waiting(session: Session) -> Iterator[Entry]:
    """The versions that are said while a change of them waits to be approved."""
    standing = select(VersionRow.record).join(
        EntryRow, (col(EntryRow.id) == VersionRow.entry_id) & (col(EntryRow.standing) == VersionRow.version)
    )
    return map(entry_from, session.exec(standing))


def _said_among(session: Session, entry_ids: Collection[str], today: date) -> int:
    """How many of these entries a release built now would hold: not those that a newer one which asks and
    tells the same stands for."""
    asking = select(EntryRow.id, col(EntryRow.record)["question"].as_string()).where(_APPROVED)
    keys = {entry_id: question_key(question) for entry_id, question in session.exec(asking)}
    wanted = {keys[entry_id] for entry_id in entry_ids if entry_id in keys}
    twins = [entry_id for entry_id, key in keys.items() if key in wanted]
    dated = []
    for start in range(0, len(twins), SLICE):
        its = col(EntryRow.id).in_(twins[start : start + SLICE])
        for record, at in session.exec(select(EntryRow.record, EntryRow.updated_at).where(its)):
            dated.append((entry_from(record), at))
    said = without_superseded((entry, at) for entry, at in dated if entry.is_servable(today))
    named = set(entry_ids)
    unkeyed = sum(entry_id not in keys for entry_id in named)  # approved before, and waiting now
    return unkeyed + sum(entry.id in named for entry in said)
