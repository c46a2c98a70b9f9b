"""Entries from a file or a folder on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path

from knowledge.errors import ImportRejected, LineError, StorageFailed
from knowledge.importing.parsing import (
    DEFAULT_LIMIT,
    MAX_ERRORS,
    ParsedEntries,
    parse_csv,
    parse_json,
    parse_jsonl,
    parse_markdown,
)
from knowledge.types import Entry

_PARSERS: dict[str, Callable[[bytes], ParsedEntries]] = {
    ".jsonl": parse_jsonl,
    ".ndjson": parse_jsonl,
    ".json": parse_json,
    ".md": parse_markdown,
}
_TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm")
_ONLY_NAMED = (
    ".txt",
    ".xls",
    ".ods",
)  # of a folder these are not read: Excel's text, and what it can be told of


def parse_path(
    path: Path, limit: int = DEFAULT_LIMIT, without: Collection[Path] = frozenset()
) -> ParsedEntries:
    """A JSON, JSONL, CSV, TSV, XLSX or Markdown file, or a folder searched for those, in path order;
    `without` are files that are read otherwise, and may be all there are. Raises `ImportRejected` (errors
    carry `file`) and `StorageFailed` where one cannot be read or has more than `limit` bytes."""
    taken: dict[str, tuple[Entry, str]] = {}
    given: dict[str, frozenset[str]] = {}
    errors: list[LineError] = []
    ignored: set[str] = set()
    notes: list[str] = []
    for file in _files(path, without):
        name = str(file.relative_to(path)) if file != path else file.name
        try:
            parsed = _parsed(file, limit)
        except ImportRejected as rejected:
            if _is_readme(file) and file != path:
                notes.append(f"{name}: left out, it has no front matter")
                continue
            errors += (replace(error, file=name) for error in rejected.errors)
            continue
        ignored.update(parsed.ignored_fields)
        notes += (f"{name}: {note}" if file != path else note for note in parsed.notes)
        given |= parsed.given
        errors += _added(taken, parsed.entries, name)
    if errors:
        raise ImportRejected(errors[:MAX_ERRORS])
    return ParsedEntries(
        tuple(entry for entry, _ in taken.values()), tuple(sorted(ignored)), given, tuple(notes)
    )


def _added(taken: dict[str, tuple[Entry, str]], entries: Iterable[Entry], file: str) -> list[LineError]:
    """Takes the entries of a file; an error for each whose id another file has."""
    errors = []
    for entry in entries:
        if entry.id in taken:
            errors.append(LineError(1, f'the id "{entry.id}" was already used in {taken[entry.id][1]}', file))
        taken.setdefault(entry.id, (entry, file))
    return errors


def _parsed(file: Path, limit: int) -> ParsedEntries:
    data = read_file(file, limit)
    if parse := _PARSERS.get(file.suffix.lower()):
        return parse(data)
    return parse_csv(data, limit)


def is_about_a_folder(file: Path) -> bool:
    """Whether a file is what people write about the files beside it."""
    return file.stem.casefold() == "readme"


def _is_readme(file: Path) -> bool:
    return file.suffix.lower() == ".md" and is_about_a_folder(file) and not _begins_as_entry(file)


def _begins_as_entry(file: Path) -> bool:
    with file.open("rb") as text:
        return text.read(1_000).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"---")


def files_below(path: Path) -> list[Path]:
    """The file itself, or those of a folder and its folders, in path order, without what programs keep for
    themselves."""
    if not path.is_dir():
        return [path]
    every = sorted(file for file in path.rglob("*") if file.is_file())
    return [file for file in every if not file.name.startswith((".", "~$"))]


def has_entries(path: Path, without: Collection[Path]) -> bool:
    """Whether there is anything to read but what is read otherwise, and what is about the folder."""
    return not all(is_about_a_folder(file) for file in _files(path, without))


def _files(path: Path, without: Collection[Path]) -> list[Path]:
    known = (*_PARSERS, *_TABLES) if path.is_dir() else (*_PARSERS, *_TABLES, *_ONLY_NAMED)
    files = [file for file in files_below(path) if file.suffix.lower() in known and file not in without]
    if not files and not without:
        told = ", ".join((*_PARSERS, *_TABLES))
        raise StorageFailed(f"{path} is not a {told} file, nor a folder that holds one.")
    return files


def read_file(file: Path, limit: int) -> bytes:
    """Raises `StorageFailed`."""
    try:
        with file.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise StorageFailed(f"{file} cannot be read: {error.strerror}.") from error
    if len(data) > limit:
        raise StorageFailed(f"{file} is larger than the {limit:,} bytes that an import may have.")
    return data
