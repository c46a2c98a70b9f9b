"""XLSX and XLSM through openpyxl: values as they were last computed, never formulas or macros."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

from knowledge.importing.collecting import Collector
from knowledge.importing.reading import UnreadableAt
from knowledge.sheets.cells import Unusable
from knowledge.sheets.delimited import FIRST_ROWS
from knowledge.sheets.tables import find_header, read_table

MAX_CELLS = 5_000_000
SheetRow = tuple[int, list[object]]
_LAST_ROW = 1_048_576
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PLAIN_FORMAT = re.compile(r"General|@", re.I)
_DECIMALS = re.compile(r"(#,##)?0(?:\.(0+))?(%?)")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref=["']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})["']""")
_CODED = re.compile("_x([0-9A-Fa-f]{4})_")


def is_workbook(data: bytes) -> bool:
    """Whether this is, whatever its name, a file that `read_workbook` is to judge."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLE))


def read_workbook(data: bytes, collector: Collector, limit: int) -> None:
    """Every visible sheet with a column of questions and one of answers. Raises `UnreadableAt`; no more than
    `limit` bytes are unpacked."""
    _refuse(data, limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            _read_sheets(data, collector)
    except (UnreadableAt, MemoryError):
        raise
    except _broken() as error:
        raise UnreadableAt(1, "the workbook is damaged: open it and save it again as .xlsx") from error


def _broken() -> tuple[type[Exception], ...]:
    """What openpyxl and those below it raise for a file that breaks the rules of its format."""
    from xml.etree.ElementTree import ParseError
    from zlib import error as zlib_error

    from defusedxml import DefusedXmlException
    from openpyxl.utils.exceptions import InvalidFileException

    lookups = (KeyError, IndexError, AttributeError, TypeError, ValueError, OverflowError)
    files = (zipfile.BadZipFile, zlib_error, EOFError, OSError, NotImplementedError, RuntimeError)
    return (InvalidFileException, DefusedXmlException, ParseError, *lookups, *files)


def _refuse(data: bytes, limit: int) -> None:
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise UnreadableAt(1, "the workbook is locked with a password: save it without one")
        raise UnreadableAt(1, "this is an old Office file (.xls): save it as .xlsx or as CSV (UTF-8)")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise UnreadableAt(1, "the file is cut off or damaged: save it again as .xlsx") from None
    if "[Content_Types].xml" not in {part.filename for part in parts}:
        kind = "an OpenDocument file" if any(p.filename == "content.xml" for p in parts) else "a ZIP archive"
        raise UnreadableAt(1, f"this is {kind}, not a workbook: save it as .xlsx or as CSV (UTF-8)")
    if sum(part.file_size for part in parts if "/media/" not in part.filename) > limit:
        raise UnreadableAt(1, f"the workbook would unpack to more than {limit:,} bytes")


def _read_sheets(data: bytes, collector: Collector) -> None:
    import openpyxl

    book, written = (
        openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=computed, keep_links=False)
        for computed in (True, False)
    )
    skipped: list[str] = []
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
    read = 0
    for sheet in sheets:
        rows = _unmerged(list(_rows(sheet, written[sheet.title])), _merged(data, sheet))
        if find_header(rows[:FIRST_ROWS])[0] is None and (len(sheets) > 1 or not rows):
            skipped.append(sheet.title)
            continue
        collector.place = f'sheet "{sheet.title}": ' if len(sheets) > 1 else ""
        read_table(rows, collector, quoted=True)
        read += 1
    collector.place = ""
    if not read:
        raise UnreadableAt(1, _NO_SHEET.format(", ".join(f'"{name}"' for name in skipped + hidden)))
    for name in skipped:
        collector.note(f'sheet "{name}" has no columns of questions and answers: left out')
    for name in hidden:
        collector.note(f'sheet "{name}" is hidden: left out')


_NO_SHEET = "no sheet has a column of questions and one of answers; seen were {}"


def _rows(sheet: Any, written: Any) -> Iterator[SheetRow]:  # noqa: ANN401
    """The rows that are not blank: computed values, and which of them were never computed."""
    for each in (sheet, written):
        each.reset_dimensions()  # what a file says about its size need not be true
    pairs = zip(sheet.iter_rows(max_row=_LAST_ROW), written.iter_rows(max_row=_LAST_ROW), strict=True)
    seen = 0
    for number, (row, formulas) in enumerate(pairs, start=1):
        seen += len(row)
        if seen > MAX_CELLS:
            raise UnreadableAt(number, f"the sheet has more than {MAX_CELLS:,} cells")
        values = [_value(cell, formula) for cell, formula in zip(row, formulas, strict=True)]
        if any(value is not None for value in values):
            yield number, values


def _value(cell: Any, written: Any) -> object:  # noqa: ANN401
    """What a cell holds; a number as the sheet shows it where that is more than its digits."""
    value = cell.value
    if value is None and written.value is not None and written.data_type == "f":
        return Unusable(f"cell {written.coordinate} is a formula that was never computed: save its value")
    if isinstance(value, str):
        if cell.data_type == "e":
            return Unusable(f"cell {cell.coordinate} shows the error {value}")
        return _CODED.sub(_decoded, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        form = str(cell.number_format or "General")
        if shown := _DECIMALS.fullmatch(form):
            return f"{value:{',' if shown[1] else ''}.{len(shown[2] or '')}{shown[3] or 'f'}}"
        if not _PLAIN_FORMAT.fullmatch(form):
            return Unusable(f"cell {cell.coordinate} is a number shown as {form}: make it text")
    return value


def _decoded(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _merged(data: bytes, sheet: Any) -> Iterator[tuple[int, int, int]]:  # noqa: ANN401
    """Which cells of a sheet reach over several rows: column (from 0), first and last row. Read from its XML,
    since openpyxl tells it only of workbooks that it holds whole."""
    from openpyxl.utils.cell import range_boundaries

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for match in _MERGED.finditer(archive.read(sheet._worksheet_path)):
            column, first, _, last = range_boundaries(match[1].decode())
            if column and first and last and last > first:
                yield column - 1, first, min(last, _LAST_ROW)


def _unmerged(rows: list[SheetRow], merged: Iterator[tuple[int, int, int]]) -> list[SheetRow]:
    """Each row with what it shows: a cell over several rows holds for all of them."""
    numbers, filled = [number for number, _ in rows], 0
    for column, first, last in merged:
        reached = rows[bisect_left(numbers, first) : bisect_right(numbers, last)]
        filled += len(reached)
        if filled > MAX_CELLS:
            raise UnreadableAt(first, f"merged cells reach over more than {MAX_CELLS:,} rows in all")
        if reached and reached[0][0] == first and column < len(reached[0][1]):
            value = reached[0][1][column]
            for _, row in reached[1:]:
                row.extend([None] * (column + 1 - len(row)))
                row[column] = value
    return rows
