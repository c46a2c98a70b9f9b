"""Entries from files: JSON lines, CSV, Markdown with front matter, or a folder of those.

A file is taken whole or not at all: every bad line is named in one `ImportRejected`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.types import Entry

MAX_ERRORS = 100


@dataclass(frozen=True, slots=True)
class ParsedEntries:
    """Entries in file order, and the names of fields that were there but mean nothing here, sorted."""

    entries: tuple[Entry, ...]
    ignored_fields: tuple[str, ...] = ()


def parse_record(record: Mapping[str, Any]) -> ParsedEntries:
    """One entry from its JSON object (an admin's POST or PUT). Raises `ImportRejected` with line 1."""
    raise NotImplementedError


def parse_jsonl(data: bytes) -> ParsedEntries:
    """One JSON object a line; blank lines are skipped. Raises `ImportRejected`."""
    raise NotImplementedError


def parse_csv(data: bytes) -> ParsedEntries:
    """A header row, then one entry a row; lists are JSON arrays in a cell. Raises `ImportRejected`."""
    raise NotImplementedError


def parse_markdown(data: bytes) -> ParsedEntries:
    """One entry: its fields in YAML front matter, its answer as the body. Raises `ImportRejected`."""
    raise NotImplementedError


def parse_path(path: Path) -> ParsedEntries:
    """A .jsonl, .ndjson, .csv or .md file, or a folder searched for those, in path order.
    Raises `ImportRejected` (errors carry `file`) and `StorageFailed` where it cannot be read."""
    raise NotImplementedError
