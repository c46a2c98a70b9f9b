"""What an import does to the entries that are stored, before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from knowledge.importing.records import record_of
from knowledge.twins import question_key
from knowledge.types import Entry


@dataclass(frozen=True, slots=True)
class Plan:
    """Entries to create, pairs of what is stored and what takes its place, and the ids of those left alone
    and of those to remove."""

    created: tuple[Entry, ...]
    updated: tuple[tuple[Entry, Entry], ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def renamed(self) -> Iterator[str]:
        """Which entries will ask something else, in plain English: so an id of two questions shows."""
        for before, after in self.updated:
            if question_key(before.question) != question_key(after.question):
                yield f'"{after.id}" asked before: "{before.question}"'


def plan_of(
    entries: Mapping[str, Entry],
    stored: Mapping[str, Entry],
    removed: tuple[str, ...],
    given: Mapping[str, frozenset[str]],
) -> Plan:
    """`entries` by id; `stored` those of them that there are; `given` as in `ParsedEntries`."""
    created = tuple(entry for entry_id, entry in entries.items() if entry_id not in stored)
    pairs = [
        (stored[entry_id], _merged(stored[entry_id], entry, given.get(entry_id)))
        for entry_id, entry in entries.items()
        if entry_id in stored
    ]
    updated = tuple(pair for pair in pairs if pair[0] != pair[1])
    return Plan(created, updated, tuple(old.id for old, new in pairs if old == new), removed)


def changed_fields(before: Entry, after: Entry) -> Iterator[tuple[str, Any, Any]]:
    """Each field that differs, as its name and the two values that an export would show."""
    old, new = record_of(before), record_of(after)
    return ((name, old[name], new[name]) for name in old if old[name] != new[name])


def _merged(stored: Entry, entry: Entry, given: frozenset[str] | None) -> Entry:
    return entry if given is None else replace(stored, **{name: getattr(entry, name) for name in given})
