"""The rows of a text table. Which sign separates its cells is told by which makes a header of a first row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from knowledge.importing.columns import header_of
from knowledge.importing.reading import UnreadableAt, csv_rows

FIRST_ROWS = 15
"""A header is looked for in so many rows: a title and remarks may stand above it."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}
_TOLD = re.compile(r"\s*\"?sep=(.)\"?[^\S\n\r]*(\r\n|\r|\n|\Z)", re.IGNORECASE)
Row = tuple[int, list[str]]


def separator_of(text: str) -> tuple[str, str, int]:
    """The separator of a table, the text without a first line `sep=;`, and how many lines that took."""
    if told := _TOLD.match(text):
        return told[1], text[told.end() :], 1
    found = {sign: _sense(text, sign) for sign in SEPARATORS}
    best = max(found, key=lambda sign: found[sign])  # of equals the first, which is the most usual
    return best, text, 0


def rows_of(text: str) -> tuple[Iterator[Row], str]:
    """The rows that are not blank, with the line each begins on, and the separator. Raises `UnreadableAt`
    while they are read."""
    separator, body, before = separator_of(text)
    return ((line + before, row) for line, row in csv_rows(body, separator)), separator


def _sense(text: str, separator: str) -> tuple[int, int]:
    """How much sense a separator makes: the roles that the best of the first rows has, else how many rows are
    a question and an answer."""
    rows: list[list[str]] = []
    with suppress(UnreadableAt):  # what is wrong with a row is told when it is read
        for _, row in islice(csv_rows(text, separator), FIRST_ROWS):
            rows.append(row)
    headers = [header for row in rows if (header := header_of(row)).usable]
    pairs = sum(is_pair(row) for row in rows)
    return max((len(header.roles) for header in headers), default=0), pairs


def is_pair(row: list[str]) -> bool:
    """A question and its answer, and nothing else."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return len(filled) == 2 and filled[0].endswith(("?", "？"))
