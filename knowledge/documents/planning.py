"""What an import of a document does to the entries that are stored, before it is done.

What a curator wrote, approved or deleted stays as it is, and is named. Only drafts that nobody touched follow
the document by themselves; an approver's import also takes the approved ones along."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from knowledge.documents.drafting import Drafted, fingerprint, source_of
from knowledge.documents.types import Document
from knowledge.types import Entry, EntryStatus


@dataclass(frozen=True, slots=True)
class Tracked:
    """A section as it was last taken in: `written` is the fingerprint of the entry then."""

    key: str
    entry_id: str
    path: tuple[str, ...]
    page: int | None
    body: str
    written: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that was not changed though the document was, and why; `proposed`: what that says."""

    entry_id: str
    reason: str
    proposed: Entry | None = None


@dataclass(slots=True)
class DocumentPlan:
    """Entries to create, pairs of what is stored and what takes its place (apart: those of which only page or
    heading moved), entries to remove, ids of those left alone, and what is kept against the document.
    `tracked` is what is known of the sections afterwards."""

    created: list[Entry] = field(default_factory=list)
    updated: list[tuple[Entry, Entry]] = field(default_factory=list)
    moved: list[tuple[Entry, Entry]] = field(default_factory=list)
    removed: list[Entry] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    tracked: list[Tracked] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans one document. `stored`: the entries of its sections that there are, by id; `ids`: those of all
    entries. `before`: how the document was called when it was last taken in."""

    document: Document
    before: Document
    stored: Mapping[str, Entry]
    ids: Collection[str]
    approve: bool

    def plan(self, drafted: Sequence[Drafted], tracked: Sequence[Tracked]) -> DocumentPlan:
        plan = DocumentPlan()
        taken = {*self.ids, *(each.entry_id for each in tracked)}
        pairs, gone = _matched(drafted, tracked)
        for draft, old in pairs:
            stored = self.stored.get(old.entry_id) if old else None
            if old is None:
                self._create(plan, draft, taken)
            elif stored is None:
                self._follow_deleted(plan, draft, old)
            elif _may_write(stored, old.written, approve=self.approve):
                self._write(plan, draft, old, stored)
            else:
                self._leave(plan, draft, old, stored)
        for old in gone:
            self._drop(plan, old)
        return plan

    def _create(self, plan: DocumentPlan, draft: Drafted, taken: set[str]) -> None:
        entry = replace(draft.entry, id=_free(draft.key, taken))
        taken.add(entry.id)
        entry = self._approved(entry)
        plan.created.append(entry)
        plan.tracked.append(_track(draft, entry))

    def _write(self, plan: DocumentPlan, draft: Drafted, old: Tracked, stored: Entry) -> None:
        new = replace(self._as_stored(draft, stored), reviewed_on=stored.reviewed_on)
        if new == stored:
            plan.unchanged.append(stored.id)
        elif old.body == draft.body and new.status is stored.status:
            plan.moved.append((stored, new))
        else:
            plan.updated.append((stored, new))
        plan.tracked.append(_track(draft, new))

    def _leave(self, plan: DocumentPlan, draft: Drafted, old: Tracked, stored: Entry) -> None:
        """Only where it stands is put right, if its source is still the one that an import gave it."""
        former, now = source_of(self.before, old.page), source_of(self.document, draft.page)
        sources = tuple(now if source == former else source for source in stored.sources)
        pointed = replace(stored, sources=sources)
        is_edited = fingerprint(stored) != old.written
        written = old.written if is_edited else fingerprint(pointed)
        told = None
        if old.body != draft.body:
            told = "the document says otherwise now"
        elif old.path != draft.path:
            told = "the document has it under other headings now"
        if pointed != stored:
            plan.moved.append((stored, pointed))
        elif not told:
            plan.unchanged.append(stored.id)
        if told:
            proposed = self._as_stored(draft, stored)
            plan.kept.append(Kept(stored.id, f"{_why(stored, edited=is_edited)}, and {told}", proposed))
        plan.tracked.append(replace(_track(draft, pointed), body=old.body, written=written))

    def _as_stored(self, draft: Drafted, stored: Entry) -> Entry:
        return self._approved(replace(draft.entry, id=stored.id, status=stored.status), stored)

    def _follow_deleted(self, plan: DocumentPlan, draft: Drafted, old: Tracked) -> None:
        if old.body != draft.body:
            entry = self._approved(replace(draft.entry, id=old.entry_id))
            plan.created.append(entry)
            plan.tracked.append(_track(draft, entry))
            return
        plan.kept.append(Kept(old.entry_id, "it was deleted by hand, and stays so"))
        plan.tracked.append(replace(old, key=draft.key, path=draft.path, page=draft.page))

    def _drop(self, plan: DocumentPlan, old: Tracked) -> None:
        stored = self.stored.get(old.entry_id)
        if stored is None or stored.status is EntryStatus.RETIRED:
            return
        if is_untouched(stored, old.written):
            plan.removed.append(stored)
        elif self.approve and fingerprint(stored) == old.written:
            plan.updated.append((stored, replace(stored, status=EntryStatus.RETIRED)))
        else:
            reason = _why(stored, edited=fingerprint(stored) != old.written)
            plan.kept.append(Kept(stored.id, f"{reason}, and the document has no such section any more"))
            plan.tracked.append(old)

    def _approved(self, entry: Entry, stored: Entry | None = None) -> Entry:
        retired = stored is not None and stored.status is EntryStatus.RETIRED
        return replace(entry, status=EntryStatus.APPROVED) if self.approve and not retired else entry


def is_untouched(entry: Entry, written: str) -> bool:
    """Whether nobody did anything to it since it was taken in."""
    return entry.status is EntryStatus.DRAFT and fingerprint(entry) == written


def _may_write(entry: Entry, written: str, *, approve: bool) -> bool:
    ours = fingerprint(entry) == written
    return ours and (entry.status is EntryStatus.DRAFT or (approve and entry.status is EntryStatus.APPROVED))


def _why(entry: Entry, *, edited: bool) -> str:
    if edited:
        return "it was edited by hand"
    return f"it is {entry.status.value.replace('_', ' ')}"


def _matched(
    drafted: Sequence[Drafted], tracked: Sequence[Tracked]
) -> tuple[list[tuple[Drafted, Tracked | None]], list[Tracked]]:
    """Each draft with what is known of it: the same text under the same headings, or else what stood at its
    place, or else the same text elsewhere; and what has no draft any more."""
    left = {each.entry_id: each for each in tracked}
    found: dict[int, Tracked] = {}
    for known_by in (_of_text_and_place, _of_place, _of_text):
        waiting: dict[object, list[Tracked]] = {}
        for old in left.values():
            waiting.setdefault(known_by(old), []).append(old)
        for at, draft in enumerate(drafted):
            if at not in found and waiting.get(known_by(draft)):
                found[at] = waiting[known_by(draft)].pop(0)
                del left[found[at].entry_id]
    return [(draft, found.get(at)) for at, draft in enumerate(drafted)], list(left.values())


def _of_text_and_place(each: Drafted | Tracked) -> object:
    return each.path, each.body


def _of_place(each: Drafted | Tracked) -> object:
    return each.key


def _of_text(each: Drafted | Tracked) -> object:
    return each.body


def _free(key: str, taken: Collection[str]) -> str:
    """The key, or the first of `key.2`, `key.3`, … that no other entry has."""
    return next(each for each in _candidates(key) if each not in taken)


def _candidates(key: str) -> Iterator[str]:
    yield key
    at = 2
    while True:
        ending = f".{at}"
        yield key[: 100 - len(ending)] + ending
        at += 1


def _track(draft: Drafted, entry: Entry) -> Tracked:
    return Tracked(draft.key, entry.id, draft.path, draft.page, draft.body, fingerprint(entry))
