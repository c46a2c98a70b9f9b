"""Entries from files: JSON lines, CSV, Markdown with front matter, or a folder of those.

A file is taken whole or not at all: every bad line is named in one `ImportRejected`."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from knowledge.errors import ImportRejected, LineError, StorageFailed
from knowledge.records import Problems, entry_of, ignored_fields
from knowledge.types import Entry

MAX_ERRORS = 100
_MAX_CELL = 1_000_000
_NO_FRONT_MATTER = "the file must begin with front matter between two lines of ---"
_LIST_COLUMNS = ("alternates", "misconceptions", "sources")


@dataclass(frozen=True, slots=True)
class ParsedEntries:
    """Entries in file order, and the names of fields that were there but mean nothing here, sorted."""

    entries: tuple[Entry, ...]
    ignored_fields: tuple[str, ...] = ()


class _Unreadable(ValueError):
    """A line that is no record at all; the message says why."""


class _UnreadableAt(_Unreadable):
    """Nothing after this line of the file can be read."""

    def __init__(self, line: int, detail: str) -> None:
        self.line = line
        super().__init__(detail)


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
            if text := _decode(line).strip():
                collector.add(number, _json_object(text))
        except _Unreadable as error:
            collector.reject(number, str(error))
    return collector.finish()


def parse_csv(data: bytes) -> ParsedEntries:
    """A header row, then one entry a row. A cell of a list holds a JSON array, or plain texts with | between
    them. Raises `ImportRejected`; a row's line is the one it begins on."""
    collector = _Collector()
    try:
        rows = _csv_rows(_decode_file(data))
        header = _header(*next(rows, (1, [])))
        for line, cells in rows:
            if collector.full:
                break
            try:
                collector.add(line, _csv_record(header, cells))
            except _Unreadable as error:
                collector.reject(line, str(error))
    except _UnreadableAt as error:
        collector.reject(error.line, str(error))
    return collector.finish()


def parse_markdown(data: bytes) -> ParsedEntries:
    """One entry: its fields in YAML front matter, its answer as the body. Raises `ImportRejected`."""
    collector = _Collector()
    try:
        collector.add(1, _front_matter(_decode_file(data)))
    except _UnreadableAt as error:
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


def _decode(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"not UTF-8 text: byte 0x{line[error.start]:02X} at position {error.start + 1}"
        raise _Unreadable(detail) from None


def _decode_file(data: bytes) -> str:
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _UnreadableAt(line, f"not UTF-8 text: byte 0x{data[error.start]:02X}") from None


def _json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique_names)
    except RecursionError:
        raise _Unreadable("JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _Unreadable(f"not valid JSON: {error.msg.lower()}, at position {error.pos + 1}") from None
    except _Unreadable:
        raise
    except ValueError:  # a number with thousands of digits
        raise _Unreadable("not valid JSON: a number is too long") from None


def _json_object(text: str) -> dict[str, Any]:
    value = _json(text)
    if not isinstance(value, dict):
        raise _Unreadable("a line must be one JSON object, as in {...}")
    return value


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise _Unreadable("a field is given twice in one object")
    return record


def _csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line it begins on. Raises `_UnreadableAt`."""
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise _UnreadableAt(line, f"the row that begins here is broken: {error}") from None


def _header(line: int, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if "id" not in names:
        raise _UnreadableAt(line, "the first row must name the columns, and one of them must be id")
    if len(set(names)) < len(names):
        raise _UnreadableAt(line, "two columns have the same name")
    return names


def _csv_record(header: list[str], cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(header):
        raise _Unreadable(f"the row has {len(cells)} cells, the header names {len(header)} columns")
    named = zip(header, cells, strict=True)
    record: dict[str, Any] = {name: cell if cell.strip() else None for name, cell in named}
    for name in _LIST_COLUMNS:
        if cell := record.get(name):
            record[name] = _list_cell(name, cell.strip())
    return record


def _list_cell(name: str, cell: str) -> object:
    if cell.startswith("["):
        try:
            return _json(cell)
        except _Unreadable as error:
            raise _Unreadable(f"{name}: {error}") from None
    return [part for part in cell.split("|") if part.strip()]


def _front_matter(text: str) -> dict[str, Any]:
    """Raises `_UnreadableAt`."""
    import frontmatter
    import yaml

    if not text.lstrip().startswith("---"):
        raise _UnreadableAt(1, _NO_FRONT_MATTER)
    try:
        fields, body = frontmatter.parse(text, handler=frontmatter.YAMLHandler())
    except RecursionError:
        raise _UnreadableAt(1, "the front matter is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a day that no calendar has
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise _UnreadableAt(line, "the front matter is not valid YAML") from None
    if not fields:
        raise _UnreadableAt(1, _NO_FRONT_MATTER)
    if "answer" in fields:
        raise _UnreadableAt(1, "the answer is the text below the front matter, not a field in it")
    return {**fields, "answer": body}
