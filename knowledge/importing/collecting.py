"""What is gathered from a file while it is read: its entries, what is wrong with it, what was assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from knowledge.errors import ImportRejected, LineError
from knowledge.importing.question_ids import id_of
from knowledge.importing.records import FIELDS, FLAT_SOURCE_FIELDS, Problems, entry_of, ignored_fields
from knowledge.types import Entry

MAX_ERRORS = 100
EVERY_FIELD = frozenset(FIELDS)


@dataclass(frozen=True, slots=True)
class ParsedEntries:
    """Entries in file order, and the names of fields that were there but mean nothing here, sorted. `given`
    tells by id which fields the file has of an entry, where it has not all: the others hold their defaults.
    `notes` say in plain English what was assumed and what was left out."""

    entries: tuple[Entry, ...]
    ignored_fields: tuple[str, ...] = ()
    given: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Collector:
    """Gathers the entries, the errors and the notes of one file. `place` is put before each of them: the
    sheet, where a file has several."""

    entries: dict[str, tuple[Entry, str]] = field(default_factory=dict)
    errors: list[LineError] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)
    given: dict[str, frozenset[str]] = field(default_factory=dict)
    place: str = ""
    _notes: Counter[str] = field(default_factory=Counter)
    _seen_on: dict[str, str] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        return len(self.errors) >= MAX_ERRORS

    def reject(self, line: int, detail: str) -> None:
        self.errors.append(LineError(line, self.place + detail))

    def note(self, text: str, line: int = 0) -> None:
        """Something to tell once, with the first line that it is true of and the number of such lines."""
        told = self.place + text
        self._notes[told] += 1
        if line:
            self._seen_on.setdefault(told, f"line {line}")

    def add(self, line: int, record: Mapping[str, Any]) -> None:
        problems = Problems()
        entry = entry_of(record, problems)
        if not problems and entry.id in self.entries:
            first = self.entries[entry.id][1]
            problems.append(f'the id "{entry.id}" was already used on {first}')
        self._keep(line, record, entry, problems)

    def add_unnamed(self, line: int, record: Mapping[str, Any]) -> None:
        """A record without an id, which is made from its question; one that repeats another is left out."""
        problems = Problems()
        question = record.get("question")
        made = id_of(question) if isinstance(question, str) else "q"
        entry = entry_of({**record, "id": made}, problems)
        if not problems and entry.id in self.entries:
            same, first = self.entries[entry.id]
            if same == entry:
                self.note(f"what repeats {first} word for word was left out", line)
                return
            problems.append(f"it asks the same as {first}, and answers otherwise")
        self._keep(line, {**record, "id": made}, entry, problems)

    def _keep(self, line: int, record: Mapping[str, Any], entry: Entry, problems: Problems) -> None:
        if problems:
            self.reject(line, "; ".join(problems))
            return
        self.entries[entry.id] = (entry, f"{self.place}line {line}")
        given = {"sources" if name in FLAT_SOURCE_FIELDS else name for name in record} & EVERY_FIELD
        if given != EVERY_FIELD:
            self.given[entry.id] = frozenset(given)
        self.ignored |= ignored_fields(record)

    def finish(self) -> ParsedEntries:
        """Raises `ImportRejected` where anything is wrong."""
        if self.errors:
            raise ImportRejected(self.errors[:MAX_ERRORS])
        entries = tuple(entry for entry, _ in self.entries.values())
        return ParsedEntries(entries, tuple(sorted(self.ignored)), self.given, tuple(self._told()))

    def _told(self) -> list[str]:
        told = []
        for text, times in self._notes.items():
            where = self._seen_on.get(text, "")
            more = f" and {times - 1:,} more" if times > 1 else ""
            told.append(f"{text} ({where}{more})" if where else text)
        return told
