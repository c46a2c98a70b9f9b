"""Entries from files: JSON lines, CSV, Markdown with front matter, or a folder of those.

A file is taken whole or not at all: every bad line is named in one `ImportRejected`."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from knowledge.errors import ImportRejected, LineError, StorageFailed
from knowledge.reading import (
    Unreadable,
    UnreadableAt,
    csv_header,
    csv_record,
    csv_rows,
    decode_file,
    decode_line,
    front_matter,
    json_object,
)
from knowledge.records import Problems, entry_of, ignored_fields
from knowledge.types import Entry

MAX_ERRORS = 100


@dataclass(frozen=True, slots=True)
class ParsedEntries:
    """Entries in file order, and the names of fields that were there but mean nothing here, sorted."""

    entries: tuple[Entry, ...]
    ignored_fields: tuple[str, ...] = ()


@dataclass(slots=True)
class _Collector:
    """Gathers the entries and the errors of one file."""

    entries: dict[str, tuple[Entry, int]] = field(default_factory=dict)
    errors: list[LineError] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)

    @property
    def full(self) -> bool:
        return len(self.errors) >= MAX_ERRORS

    def reject(self, line: int, detail: str) -> None:
        self.errors.append(LineError(line, detail))

    def add(self, line: int, record: Mapping[str, Any]) -> None:
        problems = Problems()
        entry = entry_of(record, problems)
        if not problems and entry.id in self.entries:
            first = self.entries[entry.id][1]
            problems.append(f'the id "{entry.id}" was already used on line {first}')
        if problems:
            self.reject(line, "; ".join(problems))
            return
        self.entries[entry.id] = (entry, line)
        self.ignored |= ignored_fields(record)

    def finish(self) -> ParsedEntries:
        if self.errors:
            raise ImportRejected(self.errors[:MAX_ERRORS])
        return ParsedEntries(tuple(entry for entry, _ in self.entries.values()), tuple(sorted(self.ignored)))


def parse_record(record: Mapping[str, Any]) -> ParsedEntries:
    """One entry from its JSON object (an admin's POST or PUT). Raises `ImportRejected` with line 1."""
    collector = _Collector()
    collector.add(1, record)
    return collector.finish()


def parse_jsonl(data: bytes) -> ParsedEntries:
    """One JSON object a line; blank lines are skipped. Raises `ImportRejected`."""
    collector = _Collector()
    for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if collector.full:
            break
        try:
            if text := decode_line(line).strip():
                collector.add(number, json_object(text))
        except Unreadable as error:
            collector.reject(number, str(error))
    return collector.finish()


def parse_csv(data: bytes) -> ParsedEntries:
    """A header row, then one entry a row. A cell of a list holds a JSON array, or plain texts with | between
    them. Raises `ImportRejected`; a row's line is the one it begins on."""
    collector = _Collector()
    try:
        rows = csv_rows(decode_file(data))
        header = csv_header(*next(rows, (1, [])))
        for line, cells in rows:
            if collector.full:
                break
            try:
                collector.add(line, csv_record(header, cells))
            except Unreadable as error:
                collector.reject(line, str(error))
    except UnreadableAt as error:
        collector.reject(error.line, str(error))
    return collector.finish()


def parse_markdown(data: bytes) -> ParsedEntries:
    """One entry: its fields in YAML front matter, its answer as the body. Raises `ImportRejected`."""
    collector = _Collector()
    try:
        collector.add(1, front_matter(decode_file(data)))
    except UnreadableAt as error:
        collector.reject(error.line, str(error))
    return collector.finish()


def parse_path(path: Path) -> ParsedEntries:
    """A .jsonl, .ndjson, .csv or .md file, or a folder searched for those, in path order.
    Raises `ImportRejected` (errors carry `file`) and `StorageFailed` where it cannot be read."""
    entries: dict[str, tuple[Entry, str]] = {}
    errors: list[LineError] = []
    ignored: set[str] = set()
    for file in _files(path):
        name = str(file.relative_to(path)) if file != path else file.name
        try:
            parsed = _PARSERS[file.suffix.lower()](_read(file))
        except ImportRejected as rejected:
            errors += (replace(error, file=name) for error in rejected.errors)
            continue
        ignored.update(parsed.ignored_fields)
        for entry in parsed.entries:
            if entry.id in entries:
                other = entries[entry.id][1]
                errors.append(LineError(1, f'the id "{entry.id}" was already used in {other}', name))
            entries.setdefault(entry.id, (entry, name))
    if errors:
        raise ImportRejected(errors[:MAX_ERRORS])
    return ParsedEntries(tuple(entry for entry, _ in entries.values()), tuple(sorted(ignored)))


_PARSERS = {".jsonl": parse_jsonl, ".ndjson": parse_jsonl, ".csv": parse_csv, ".md": parse_markdown}


def _files(path: Path) -> list[Path]:
    found = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    files = [file for file in found if file.suffix.lower() in _PARSERS]
    if not files:
        raise StorageFailed(f"{path} is not a {', '.join(_PARSERS)} file, nor a folder that holds one.")
    return files


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise StorageFailed(f"{file} cannot be read: {error.strerror}.") from error
