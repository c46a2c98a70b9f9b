"""Entries to files that `knowledge.importing` takes back unchanged."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from knowledge.records import FIELDS, record_of
from knowledge.types import Entry

_LIST_FIELDS = frozenset({"alternates", "misconceptions", "sources"})


def export_jsonl(entries: Iterable[Entry]) -> Iterator[str]:
    """One line an entry, each with its newline."""
    for entry in entries:
        yield json.dumps(record_of(entry), ensure_ascii=False) + "\n"


def export_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A header row, then one row an entry. Lists are JSON arrays in their cell, so that no separator is
    ever ambiguous."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(FIELDS)
    yield _drain(buffer)
    for entry in entries:
        writer.writerow(_cell(name, value) for name, value in record_of(entry).items())
        yield _drain(buffer)


def export_markdown(entry: Entry) -> str:
    """One entry as a Markdown file: front matter with its fields, its answer as the body."""
    import yaml

    record = record_of(entry)
    answer = record.pop("answer")
    front = yaml.safe_dump(record, allow_unicode=True, sort_keys=False, width=100)
    return f"---\n{front}---\n\n{answer}\n"


def _cell(name: str, value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if name in _LIST_FIELDS else value


def _drain(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
