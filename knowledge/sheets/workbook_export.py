"""Entries as an XLSX file, through openpyxl: every cell is text, none a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING

from knowledge.errors import StorageFailed
from knowledge.importing.escaping import escaped_in_workbook
from knowledge.importing.records import FIELDS
from knowledge.sheets.exporting import EXPLAINED, cells_of
from knowledge.types import Entry

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

_LONGEST_CELL = 32_767  # Excel's own limit
_WIDTHS = {"question": 45, "answer": 80, "alternates": 45, "misconceptions": 35, "sources": 40}
_NOT_IN_XML = re.compile("[\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def export_xlsx(entries: Iterable[Entry], out: IO[bytes]) -> None:
    """Raises `StorageFailed` for an entry with more text in a cell than Excel takes."""
    _write(([], FIELDS), (_checked(entry) for entry in entries), out)


def template_xlsx(out: IO[bytes]) -> None:
    """An empty table: what goes into each column, and the columns' names."""
    _write(([EXPLAINED[name] for name in FIELDS], FIELDS), (), out)


def _checked(entry: Entry) -> list[str]:
    texts = [_NOT_IN_XML.sub(_coded, escaped_in_workbook(text)) for text in cells_of(entry)]
    for name, text in zip(FIELDS, texts, strict=True):
        if len(text) > _LONGEST_CELL:
            told = f'{name} of "{entry.id}" is longer than a cell of Excel can be: export JSONL or CSV.'
            raise StorageFailed(told)
    return texts


def _coded(match: re.Match[str]) -> str:
    return f"_x{ord(match.group()):04X}_"


def _write(head: tuple[Sequence[str], Sequence[str]], rows: Iterable[Sequence[str]], out: IO[bytes]) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Entries")
    for number, name in enumerate(FIELDS, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(name, 18)
    explained, names = head
    sheet.freeze_panes = "A3" if explained else "A2"
    wrapped = Alignment(wrap_text=True, vertical="top")
    if explained:
        sheet.append(_texts(sheet, explained, Font(italic=True), wrapped))
    sheet.append(_texts(sheet, names, Font(bold=True), wrapped))
    try:
        for row in rows:
            sheet.append(_texts(sheet, row, Font(), wrapped))
    finally:
        book.save(out)  # also where a row is refused: what was written so far lies in a temporary file


def _texts(sheet: WriteOnlyWorksheet, texts: Sequence[str], font: Font, alignment: Alignment) -> list[Cell]:
    from openpyxl.cell import WriteOnlyCell

    made = []
    for text in texts:
        cell = WriteOnlyCell(sheet, text or None)
        if text:
            cell.data_type = "s"  # also what begins with =
        cell.font, cell.alignment = font, alignment
        cell.number_format = "@"
        made.append(cell)
    return made
