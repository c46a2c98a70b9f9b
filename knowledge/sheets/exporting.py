"""Entries to files that `knowledge.importing.parsing` takes back unchanged."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from knowledge.importing.escaping import escaped
from knowledge.importing.reading import Unreadable
from knowledge.importing.records import FIELDS, record_of
from knowledge.sheets import cells
from knowledge.types import Entry

EXPLAINED = {
    "id": "Leave empty: it is made from the question, and stays",
    "topic": "What it is about, one or two words",
    "question": "One question, as people ask it",
    "answer": "The approved answer. Markdown and line breaks are kept",
    "alternates": "Other ways to ask the same, one a line",
    "misconceptions": "What people wrongly believe, one a line",
    "sources": "A link, or several, one a line",
    "reviewed_on": "Last reviewed, as 2026-10-01",
    "valid_until": "Last day on which it may be said, or empty",
    "status": "draft, in_review, approved or retired; empty is approved",
    "review_by": "When to review it next, or empty",
    "about": "Words that it is about and does not say, one a line",
    "not_about": "What it must not be taken to be about, one a line",
    "language": "A code such as de, where it is not that of the others",
    "translation_of": "The id of the entry that it translates, or empty",
}
"""What stands above the header of an empty table."""


def export_jsonl(entries: Iterable[Entry]) -> Iterator[str]:
    """One line an entry, each with its newline."""
    for entry in entries:
        yield json.dumps(record_of(entry), ensure_ascii=False) + "\n"


def export_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A header row, then one row an entry, as Excel opens them by a double click: with a byte order
    mark and nothing that it would run as a formula. A list is one text a line, or a JSON array where lines
    would be read in another way."""
    return csv_of(FIELDS, map(cells_of, entries))


def csv_of(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Any table in that way."""
    yield "\ufeff" + _line(header)
    for row in rows:
        yield _line(map(escaped, row))


def template_csv() -> str:
    """An empty table: what goes into each column, and the columns' names."""
    return "\ufeff" + _line(EXPLAINED[name] for name in FIELDS) + _line(FIELDS)


def cells_of(entry: Entry) -> list[str]:
    """What a table shows of an entry, in the order of `FIELDS`."""
    record = record_of(entry)
    return [_cell(name, record.get(name)) for name in FIELDS]


def export_markdown(entry: Entry) -> str:
    """One entry as a Markdown file: front matter with its fields, its answer as the body."""
    import yaml

    record = record_of(entry)
    answer = record.pop("answer")
    front = yaml.safe_dump(record, allow_unicode=True, sort_keys=False, width=100)
    return f"---\n{front}---\n\n{answer}\n"


def _cell(name: str, value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, list):
        return value or ""
    is_sources = name == "sources"
    lines = [f"[{item['title']}]({item['url']})" if is_sources else item for item in value]
    simple = "\n".join(lines)
    with suppress(Unreadable):
        taken_back = cells.links(simple)[0] if is_sources else cells.texts(simple)
        if taken_back == value:
            return simple
    return json.dumps(value, ensure_ascii=False)


def _line(texts: Iterable[str]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(texts)
    return buffer.getvalue()
