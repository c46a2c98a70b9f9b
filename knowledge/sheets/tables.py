"""Tables to records: the rows of a CSV file, a sheet or a JSON array, whatever its columns are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from knowledge.importing.collecting import Collector
from knowledge.importing.columns import Header, Role, header_of, twice
from knowledge.importing.qna_maker import qna_records
from knowledge.importing.reading import UnreadableAt
from knowledge.sheets.delimited import FIRST_ROWS, is_pair
from knowledge.sheets.table_rows import RecordMaker, Row


def read_table(rows: Iterable[Row], collector: Collector, *, quoted: bool = False) -> None:
    """Every row as an entry. `quoted`: no cell can spill over into the next. Raises `UnreadableAt` for a
    table without a column of questions and one of answers, and where a row cannot be read at all."""
    rows = iter(rows)
    first = list(islice(rows, FIRST_ROWS))
    header, below = find_header(first)
    if header is None:
        raise UnreadableAt(first[0][0] if first else 1, _without_header(first))
    if name := twice(header):
        raise UnreadableAt(first[below - 1][0], f'two columns have the same name: "{name}"')
    if not below:
        collector.note("there is no header: the columns were taken as question and answer")
    elif below > 1:
        collector.note(f"what stands above the header in line {first[below - 1][0]} was left out")
    _read_rows(list(chain(first[below:], rows)), header, collector, quoted)


def find_header(first: Sequence[Row]) -> tuple[Header | None, int]:
    """The header among the first rows, and how many rows it and what is above it take."""
    for number, (_, row) in enumerate(first, start=1):
        header = header_of(row)
        if header.usable:
            return header, number
    if first and all(is_pair([cell if isinstance(cell, str) else "" for cell in row]) for _, row in first):
        filled = [index for index, cell in enumerate(first[0][1]) if isinstance(cell, str) and cell.strip()]
        return Header((), dict(zip(filled, (Role.QUESTION, Role.ANSWER), strict=True))), 0
    return None, 0


def _read_rows(rows: Sequence[Row], header: Header, collector: Collector, quoted: bool) -> None:
    if not rows:
        collector.note("there is no entry below the header")
    made = RecordMaker(header, rows, collector, quoted).records(rows)
    if header.is_qna_maker:
        made = qna_records(made, collector)
    for line, record in made:
        if collector.full:
            return
        add = collector.add if record.get("id") is not None else collector.add_unnamed
        add(line, record)


def _without_header(first: Sequence[Row]) -> str:
    texts = [[cell.strip() for cell in row if isinstance(cell, str) and cell.strip()] for _, row in first]
    seen = max(texts, key=lambda row: (len(row) > 1, row is texts[0]), default=[])
    named = ", ".join(f'"{cell[:40]}"' for cell in seen[:12])
    roles = set(header_of(seen).roles.values())
    lacking = " and ".join(role.value for role in (Role.QUESTION, Role.ANSWER) if role not in roles)
    return (
        "the first row must name the columns, and one must be the question, one the answer:"
        f" seen were {named or 'none'}, missing: {lacking}"
    )
