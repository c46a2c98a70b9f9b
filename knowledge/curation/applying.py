"""An import into the store: planned, and written all or nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from sqlmodel import Session, col, select

from knowledge.curation.lifecycle import Writing, check_may_withdraw, restored
from knowledge.curation.rows import EntryRow, entry_from
from knowledge.curation.writing import Change, approved_of, kept_of, write
from knowledge.errors import ImportRejected, LineError
from knowledge.importing.changes import Plan, plan_of
from knowledge.twins import lost_originals, shared_wordings
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


def apply(
    session: Session,
    plan: Plan,
    touched: Collection[str],
    by: Writing,
    stood: Mapping[str, int] = MappingProxyType({}),
) -> ApplyCounts:
    """Writes a plan; what it removes may be gone already. It warns of the entries `touched`. `stood` is what
    stood, by id, where entries are brought back. Raises `ApprovalNeeded`."""
    known = kept_of(session, [*(after.id for _, after in plan.updated), *plan.removed])
    approved = approved_of(session, known.values())
    going = [known[entry_id] for entry_id in plan.removed if entry_id in known]
    for kept in going:
        if kept.said is not None:
            check_may_withdraw(kept.entry.id, by)
    created = [Change(None, *restored(None, entry, by, None, stood.get(entry.id))) for entry in plan.created]
    updated = [
        Change(before, entry, standing)
        for before, after in ((known[after.id], after) for _, after in plan.updated)
        for entry, standing in (restored(before, after, by, approved.get(after.id), stood.get(after.id)),)
        if (entry, standing) != (before.entry, before.standing)
    ]
    removed = [Change(kept, kept.entry, deletes=True) for kept in going]
    write(session, [*created, *updated, *removed], by, "imported")
    warnings = (*plan.renamed, *(told for told, _ in warnings_on(session, touched)))
    unchanged = len(plan.unchanged) + len(plan.updated) - len(updated)
    ids = frozenset(change.entry.id for change in (*created, *updated))
    return ApplyCounts(len(created), len(updated), unchanged, len(removed), warnings, ids)


def warnings_on(session: Session, touched: Collection[str]) -> list[tuple[str, frozenset[str]]]:
    """What a curator should know of the entries `touched`, each with the ids that it is about. Reads all that
    is approved."""
    if not touched:
        return []
    approved = select(EntryRow.record, EntryRow.updated_at).where(
        col(EntryRow.status) == EntryStatus.APPROVED.value
    )
    dated = [(entry_from(record), at) for record, at in session.exec(approved.order_by(col(EntryRow.id)))]
    known = set(session.exec(select(EntryRow.id)))
    lost = lost_originals((entry for entry, _ in dated if entry.id in touched), known)
    return [*shared_wordings(dated, touched), *lost]
