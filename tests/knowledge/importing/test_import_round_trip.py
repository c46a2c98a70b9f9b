"""What export writes, import takes back unchanged, in all three formats."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import ftfy
import openpyxl
from ftfy.badness import is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.importing.parsing import parse_csv, parse_jsonl, parse_markdown
from knowledge.importing.records import normalise
from knowledge.sheets.exporting import export_csv, export_jsonl, export_markdown
from knowledge.sheets.workbook_export import export_xlsx
from knowledge.types import Entry, EntryStatus, Source

_FORBIDDEN = "".join(map(chr, [*range(9), *range(0x0E, 0x20), 0x7F]))


def texts(limit: int) -> st.SearchStrategy[str]:
    """Any stored text: whatever a person can type, and a good deal that nobody does."""
    characters = st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters=_FORBIDDEN),
        st.sampled_from("\n\t\"',|[]{}:#-&*!%@`\\~ \u00e2\u0080\u0099\u200d"),
    )
    stored = st.text(characters, min_size=1, max_size=limit).map(normalise)
    return stored.filter(lambda text: bool(text) and not any(c in _FORBIDDEN for c in text))


def not_garbled(entry: Entry) -> bool:
    """Text that looks garbled on its way is put right by an import of a table, so it cannot come back."""
    lists = (
        *entry.alternates,
        *entry.misconceptions,
        *entry.about,
        *entry.not_about,
        *(f"{each.title} {each.url}" for each in entry.sources),
    )
    texts = (entry.question, entry.answer, entry.topic, *lists)
    return not is_bad("\n".join(texts)) and all(ftfy.fix_encoding(text) == text for text in texts)


days = st.none() | st.dates(min_value=date(1000, 1, 1))
sources = st.builds(
    Source,
    title=texts(20),
    url=st.from_regex(r"https?://[a-z]{1,8}\.org(/[\w.~%|,-]{0,20})?", fullmatch=True).map(normalise),
)
entries = st.builds(
    Entry,
    id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}", fullmatch=True),
    question=texts(60),
    answer=texts(200),
    topic=texts(20),
    alternates=st.lists(texts(30), max_size=3).map(tuple),
    misconceptions=st.lists(texts(30), max_size=3).map(tuple),
    about=st.lists(texts(30), max_size=2).map(tuple),
    not_about=st.lists(texts(30), max_size=2).map(tuple),
    sources=st.lists(sources, max_size=2).map(tuple),
    reviewed_on=days,
    valid_until=days,
    status=st.sampled_from(EntryStatus),
    language=st.sampled_from(["", "de", "tr"]),
).flatmap(
    lambda entry: st.sampled_from(["", "an-original"] if entry.language else [""]).map(
        lambda original: replace(entry, translation_of=original)
    )
)
tables = st.lists(entries.filter(not_garbled), min_size=1, max_size=4, unique_by=lambda entry: entry.id)
several = st.lists(entries, min_size=1, max_size=4, unique_by=lambda entry: entry.id)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(several)
def test_jsonl(given_entries: list[Entry]) -> None:
    parsed = parse_jsonl("".join(export_jsonl(given_entries)).encode())
    assert list(parsed.entries) == given_entries
    assert parsed.ignored_fields == ()


@given(tables)
def test_csv(given_entries: list[Entry]) -> None:
    written = "".join(export_csv(given_entries)).encode()
    assert written.startswith(b"\xef\xbb\xbf")  # without it Excel reads the code page of its country
    assert list(parse_csv(written).entries) == given_entries


@settings(max_examples=15)
@given(tables)
def test_xlsx(given_entries: list[Entry]) -> None:
    written = io.BytesIO()
    export_xlsx(given_entries, written)
    assert list(parse_csv(written.getvalue()).entries) == given_entries


@given(entries)
def test_markdown(entry: Entry) -> None:
    assert parse_markdown(export_markdown(entry).encode()).entries == (entry,)


def test_nothing_that_is_exported_runs_as_a_formula() -> None:
    answers = ["=cmd|' /C calc'!A0", "+1", "- a list\n- of two", "@SUM(A1)", "'=1", "''+x", "'plain"]
    given = [Entry(f"e{n}", "Why?", answer) for n, answer in enumerate(answers)]
    written = "".join(export_csv(given))
    cells = [row[3] for row in csv.reader(io.StringIO(written, newline=""))][1:]
    assert not [cell for cell in cells if cell[0] in "=+-@"]
    assert list(parse_csv(written.encode()).entries) == given
    book = io.BytesIO()
    export_xlsx(given, book)
    sheet = openpyxl.load_workbook(book).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert list(parse_csv(book.getvalue()).entries) == given


def test_lists_are_exported_as_people_write_them() -> None:
    entry = Entry("a", "Why?", "So.", alternates=("b", "c; d"), sources=(Source("T", "https://e.org"),))
    written = "".join(export_csv([entry, replace(entry, id="b", alternates=("c; d",))]))
    first, second = list(csv.reader(io.StringIO(written, newline="")))[1:]
    assert (first[4], second[4], first[6]) == ("b\nc; d", '["c; d"]', "[T](https://e.org)")
