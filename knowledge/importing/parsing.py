"""Entries from what files hold: JSON lines, tables, JSON arrays, Markdown with front matter.

A file is taken whole or not at all: every bad line is named in one `ImportRejected`."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

from knowledge.importing.collecting import MAX_ERRORS, Collector, ParsedEntries
from knowledge.importing.decoding import repaired_whole, text_of
from knowledge.importing.reading import (
    Unreadable,
    UnreadableAt,
    decode_file,
    decode_line,
    front_matter,
    json_object,
    json_value,
)
from knowledge.sheets.delimited import SEPARATORS, rows_of
from knowledge.sheets.table_rows import ABSENT
from knowledge.sheets.tables import read_table
from knowledge.sheets.workbooks import is_workbook, read_workbook

__all__ = ["MAX_ERRORS", "ParsedEntries"]
DEFAULT_LIMIT = 67_108_864
"""The most bytes that a file may have, and a workbook unpack to, where nobody says otherwise."""


def parse_record(record: Mapping[str, Any]) -> ParsedEntries:
    """One entry from its JSON object (an admin's POST or PUT). Raises `ImportRejected` with line 1."""
    collector = Collector()
    collector.add(1, record)
    return collector.finish()


def parse_jsonl(data: bytes) -> ParsedEntries:
    """One JSON object a line; blank lines are skipped. Raises `ImportRejected`."""
    collector = Collector()
    for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if collector.full:
            break
        try:
            if text := decode_line(line).strip():
                collector.add(number, json_object(text))
        except Unreadable as error:
            collector.reject(number, str(error))
    return collector.finish()


def parse_csv(data: bytes, limit: int = DEFAULT_LIMIT) -> ParsedEntries:
    """A table in any dialect and encoding, or a workbook: an entry a row, the columns found by their names.
    Raises `ImportRejected`; a row's line is the one it begins on."""
    collector = Collector()
    try:
        if is_workbook(data):
            read_workbook(data, collector, limit)
        else:
            _read_text_table(data, collector)
    except UnreadableAt as error:
        collector.reject(error.line, str(error))
    return collector.finish()


def _read_text_table(data: bytes, collector: Collector) -> None:
    text, encoding = text_of(data)
    if (whole := repaired_whole(text)) is not None:
        text = whole
        collector.note("text that was garbled on its way was put right")
    rows, separator = rows_of(text)
    assumed = [f"as {encoding}"] if encoding else []
    if separator != ",":
        assumed.append(f"separated by {SEPARATORS.get(separator, separator)}")
    if assumed:
        collector.note(f"read {', '.join(assumed)}")
    read_table(rows, collector)


def parse_json(data: bytes) -> ParsedEntries:
    """An array of objects, bare or as the only one in an object, their names as free as those of columns; or
    JSON lines by the wrong suffix. Raises `ImportRejected`; an object counts as a line."""
    collector = Collector()
    try:
        value = json_value(decode_file(data))
    except Unreadable as error:
        lines = data.split(b"\n", 2)
        if len(lines) > 1 and lines[0].strip().endswith(b"}"):
            return parse_jsonl(data)
        collector.reject(getattr(error, "line", 1), str(error))
        return collector.finish()
    if isinstance(value, dict) and {"question", "answer"} <= value.keys():
        value = [value]
    arrays = _arrays_in([value] if isinstance(value, list) else value)
    if len(arrays) != 1 or not arrays[0]:
        collector.reject(
            1, 'a JSON file must hold one array of entries, as in [{...}] or {"entries": [{...}]}'
        )
        return collector.finish()
    names = list(dict.fromkeys(name for item in arrays[0] for name in item))
    rows = [[item.get(name, ABSENT) for name in names] for item in arrays[0]]
    try:
        read_table([(1, names), *enumerate(rows, start=1)], collector, quoted=True)
    except UnreadableAt as error:
        collector.reject(error.line, str(error))
    return collector.finish()


def _arrays_in(value: object) -> list[list[dict[str, Any]]]:
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    lists = [each for each in found if isinstance(each, list) and each]
    return [each for each in lists if all(isinstance(item, dict) for item in each)]


def parse_markdown(data: bytes) -> ParsedEntries:
    """One entry: its fields in YAML front matter, its answer as the body. Raises `ImportRejected`."""
    collector = Collector()
    try:
        collector.add(1, front_matter(decode_file(data)))
    except UnreadableAt as error:
        collector.reject(error.line, str(error))
    return collector.finish()
