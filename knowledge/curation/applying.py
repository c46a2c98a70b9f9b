"""An import into the store: planned, and written all or nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlmodel import Session, col, select

from knowledge.curation.lifecycle import Writing, check_may_withdraw, written
from knowledge.curation.rows import EntryRow, entry_from
from knowledge.curation.writing import Change, kept_of, write
from knowledge.errors import ImportRejected, LineError
from knowledge.importing.changes import Plan, plan_of
from knowledge.twins import shared_wordings
from knowledge.types import Entry, EntryStatus


class ApplyMode(StrEnum):
    UPSERT = "upsert"  # create and update what is named, leave the rest
    REPLACE = "replace"  # afterwards the store holds exactly what is named


@dataclass(frozen=True, slots=True)
class ApplyCounts:
    """What an import changed, in `warnings` which entries ask the same as another, and the ids `written`."""

    created: int
    updated: int
    unchanged: int
    removed: int
    warnings: tuple[str, ...] = ()
    written: frozenset[str] = field(default=frozenset(), compare=False)


def by_id(entries: Sequence[Entry], mode: ApplyMode) -> dict[str, Entry]:
    """Raises `ImportRejected` for an id given twice, and for a replacement by nothing."""
    if mode is ApplyMode.REPLACE and not entries:
        raise ImportRejected([LineError(1, "there is no entry here: nothing was replaced")])
    named = {entry.id: entry for entry in entries}
    if len(named) < len(entries):
        raise ImportRejected([LineError(1, "two entries have the same id")])
    return named


def planned(
    session: Session, named: Mapping[str, Entry], mode: ApplyMode, given: Mapping[str, frozenset[str]]
) -> Plan:
    """What an import of these entries would do."""
    ids = list(session.exec(select(EntryRow.id)))
    known = kept_of(session, [entry_id for entry_id in ids if entry_id in named])
    stored = {entry_id: kept.entry for entry_id, kept in known.items()}
    if mode is ApplyMode.UPSERT:
        return plan_of(named, stored, (), given)
    return plan_of(named, stored, tuple(entry_id for entry_id in ids if entry_id not in named), {})


def apply(session: Session, plan: Plan, touched: Collection[str], by: Writing) -> ApplyCounts:
    """Writes a plan. Raises `ApprovalNeeded`."""
    known = kept_of(session, [*(after.id for _, after in plan.updated), *plan.removed])
    for entry_id in plan.removed:
        if known[entry_id].said is not None:
            check_may_withdraw(entry_id, by)
    created = [Change(None, *written(None, entry, by)) for entry in plan.created]
    updated = [
        Change(before, entry, standing)
        for before, after in ((known[after.id], after) for _, after in plan.updated)
        for entry, standing in (written(before, after, by),)
        if (entry, standing) != (before.entry, before.standing)
    ]
    removed = [Change(known[entry_id], known[entry_id].entry, deletes=True) for entry_id in plan.removed]
    write(session, [*created, *updated, *removed], by, "imported")
    approved = select(EntryRow.record, EntryRow.updated_at).where(
        col(EntryRow.status) == EntryStatus.APPROVED.value
    )
    dated = ((entry_from(record), at) for record, at in session.exec(approved.order_by(col(EntryRow.id))))
    warnings = (*plan.renamed, *shared_wordings(dated, touched))
    unchanged = len(plan.unchanged) + len(plan.updated) - len(updated)
    ids = frozenset(change.entry.id for change in (*created, *updated))
    return ApplyCounts(len(created), len(updated), unchanged, len(removed), warnings, ids)
