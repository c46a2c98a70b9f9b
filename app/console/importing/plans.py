"""What an upload would do to the knowledge base, and doing it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.compose.services import Services, holds_demonstration
from app.console.importing.reading import Content
from knowledge.curation.history import FieldChange, differences
from knowledge.curation.lifecycle import Writing
from knowledge.curation.remarks import remarks_on
from knowledge.curation.rows import content_hash
from knowledge.documents.planning import DocumentPlan, Kept
from knowledge.documents.store import Imported
from knowledge.documents.types import Document
from knowledge.entries import ApplyMode
from knowledge.importing.changes import Plan
from knowledge.importing.parsing import ParsedEntries
from knowledge.importing.records import record_of
from knowledge.types import Entry

_MOST_WARNINGS = 200


class Way(StrEnum):
    """How a file is taken in: the first two are for entries, the others for documents."""

    ADD = "upsert"  # create and change what is in it, leave the rest
    REPLACE = "replace"  # afterwards there is nothing but what is in it
    DRAFTS = "drafts"  # a document's sections wait to be approved
    APPROVED = "approved"  # they are approved at once


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be done. `kept`: what a document says otherwise, and why it stays. `notes` say what was
    assumed while reading, `warnings` what to look at again."""

    created: Sequence[Entry]
    changed: Sequence[tuple[Entry, Entry]]
    removed: Sequence[str]
    unchanged: Sequence[str]
    kept: Sequence[Kept] = ()
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()

    @property
    def writes(self) -> int:
        """How many entries it touches."""
        return len(self.created) + len(self.changed) + len(self.removed)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all that it would write: so that nothing else is done than what was shown."""
        told = [
            *(f"+{content_hash(entry)}" for entry in self.created),
            *(f"~{content_hash(old)}{content_hash(new)}" for old, new in self.changed),
            *(f"-{entry_id}" for entry_id in self.removed),
        ]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def check(self, shown: object) -> None:
        """Raises `PlanChanged` where this is not what was shown, by its digest."""
        if self.digest != shown:
            raise PlanChanged


class PlanChanged(Exception):
    """Entries were changed meanwhile: something else would be written than was shown."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done."""

    created: int
    changed: int
    removed: int
    unchanged: int
    warnings: Sequence[str]

    @property
    def writes(self) -> int:
        """How many entries it touched."""
        return self.created + self.changed + self.removed

    @property
    def told(self) -> str:
        """In words."""
        counts = ("created", self.created), ("changed", self.changed), ("removed", self.removed)
        return ", ".join(f"{count:,} {name}" for name, count in (*counts, ("left alone", self.unchanged)))


def ways_of(content: Content, *, approves: bool) -> tuple[Way, ...]:
    """The ways that are open to who may approve, or may not, the usual one first."""
    ways = (Way.DRAFTS, Way.APPROVED) if isinstance(content, Document) else (Way.ADD, Way.REPLACE)
    return ways if approves else ways[:1]


def usual_way(services: Services, content: Content, *, approves: bool) -> tuple[Way, bool]:
    """What is most likely meant, and whether that is to put entries in the place of the untouched
    demonstration. Blocks."""
    ways = ways_of(content, approves=approves)
    replaces = Way.REPLACE in ways and holds_demonstration(services.entries, services.settings)
    return (Way.REPLACE if replaces else ways[0]), replaces


def plan(services: Services, content: Content, way: Way) -> Planned:
    """Writes nothing. Blocks. Raises `ImportRejected`."""
    if isinstance(content, Document):
        (previewed,) = services.documents.preview([content], approve=way is Way.APPROVED)
        made = previewed.plan
        remarks = _remarks([*made.created, *(new for _, new in made.updated)], services)
        return replace(_of_document(made), notes=content.notes, warnings=remarks)
    found = services.entries.preview(content.entries, ApplyMode(way.value), content.given)
    touched = [*found.created, *(new for _, new in found.updated)]
    return replace(
        _of_entries(found), notes=_notes(content), warnings=[*found.renamed, *_remarks(touched, services)]
    )


class LastPlan:
    """The plan of entries looked at last: its pages need not make it anew, until any entry is written. What
    is carried out is held against the database all the same."""

    def __init__(self) -> None:
        self._known: tuple[Content, Way, object, Planned] | None = None

    def of(self, services: Services, content: Content, way: Way) -> Planned:
        """As `plan`. `content` is known by being the very same object."""
        state, known = services.entries.state(), self._known
        if known and known[0] is content and known[1:3] == (way, state):
            return known[3]
        made = plan(services, content, way)
        self._known = None if isinstance(content, Document) else (content, way, state, made)
        return made


def told_changes(pairs: Sequence[tuple[Entry, Entry]]) -> list[tuple[Entry, list[FieldChange]]]:
    """Entries as they would be, each with what differs from what it is now. Blocks."""
    return [(new, differences(record_of(old), record_of(new))) for old, new in pairs]


def carry_out(services: Services, content: Content, way: Way, by: Writing, shown: object) -> Done:
    """All or nothing, and only what was `shown`, by the digest of its plan. Blocks. Raises `PlanChanged`,
    `ImportRejected` and `ApprovalNeeded`."""
    if isinstance(content, Document):

        def check(found: Sequence[Imported]) -> None:
            for each in found:
                _of_document(each.plan).check(shown)

        (made,) = services.documents.apply([content], approve=way is Way.APPROVED, by=by, check=check)
        counts = made.counts
        changed = counts["updated"] + counts["moved"]
        left = counts["unchanged"] + counts["kept"]
        return Done(counts["created"], changed, counts["removed"], left, made.warnings)
    applied = services.entries.apply(
        content.entries,
        ApplyMode(way.value),
        content.given,
        by,
        check=lambda found: _of_entries(found).check(shown),
    )
    advice = services.advice.on_many(applied.written) if applied.written else ()
    warnings = [*applied.warnings, *advice]
    return Done(applied.created, applied.updated, applied.removed, applied.unchanged, warnings)


def _of_document(made: DocumentPlan) -> Planned:
    removed = [entry.id for entry in made.removed]
    return Planned(made.created, [*made.updated, *made.moved], removed, made.unchanged, made.kept)


def _of_entries(found: Plan) -> Planned:
    return Planned(found.created, found.updated, found.removed, found.unchanged)


def _notes(content: ParsedEntries) -> list[str]:
    notes = [f"{note[:1].upper()}{note[1:]}." for note in content.notes]
    if content.ignored_fields:
        notes.append(f"Left out, since it means nothing here: {', '.join(content.ignored_fields)}.")
    return notes


def _remarks(entries: Sequence[Entry], services: Services) -> list[str]:
    told: Iterator[str] = (
        f'"{entry.id}": {remark.detail}'
        for entry in entries
        for remark in remarks_on(entry, services.settings.whole_answer_words)
    )
    return [remark for _, remark in zip(range(_MOST_WARNINGS), told, strict=False)]
