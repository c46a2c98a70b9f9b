"""One row of a table as the record of an entry: each cell read as its column's role asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from knowledge.importing.collecting import Collector
from knowledge.importing.columns import Header, Role
from knowledge.importing.decoding import repaired
from knowledge.importing.escaping import unescaped
from knowledge.importing.reading import Unreadable
from knowledge.sheets import cells
from knowledge.types import EntryStatus

Row = tuple[int, Sequence[Any]]
Record = dict[str, Any]
ABSENT = object()
"""In place of a cell: this row has no such column (an object of a JSON array without the name)."""
_TEXTS = (
    *(Role.ID, Role.QUESTION, Role.ANSWER, Role.TOPIC, Role.LANGUAGE, Role.TRANSLATION_OF),
    *(Role.METADATA, Role.QNA_ID, Role.CONTEXT_ONLY),
)
_DAYS = (Role.REVIEWED_ON, Role.VALID_UNTIL, Role.REVIEW_BY)
_LISTS = (Role.MISCONCEPTIONS, Role.ABOUT, Role.NOT_ABOUT)


class RecordMaker:
    """Makes records of the rows below one header. A field without a column is not in a record at all."""

    def __init__(self, header: Header, rows: Sequence[Row], collector: Collector, quoted: bool) -> None:
        self._header, self._collector, self._quoted = header, collector, quoted
        self._width = max((index for index, name in enumerate(header.names) if name), default=-1) + 1
        self._day_first = {index: self._day_order(index, rows) for index in header.columns(*_DAYS)}
        collector.ignored |= header.ignored

    def records(self, rows: Iterable[Row]) -> Iterator[tuple[int, Record]]:
        for line, row in rows:
            try:
                self._refuse_overflow(row)
                yield line, self._record(line, [self._clean(line, value) for value in row])
            except Unreadable as error:
                self._collector.reject(line, str(error))

    def _clean(self, line: int, value: object) -> object:
        if isinstance(value, list):
            return [self._clean(line, item) for item in value]
        if not isinstance(value, str):
            return value
        if (fixed := repaired(value)) != value:
            self._collector.note("text that was garbled on its way was put right", line)
        if "\ufffd" in fixed:
            self._collector.note("characters were lost before the file came here, see \ufffd", line)
        return unescaped(fixed)

    def _refuse_overflow(self, row: Sequence[Any]) -> None:
        """What stands to the right of all columns is most often text that lacks its quotes."""
        if not self._width or not any(_is_filled(cell) for cell in row[self._width :]):
            return
        if self._quoted:
            self._collector.note("cells to the right of the named columns were left out")
        else:
            raise Unreadable(
                f"the row has {len(row)} cells, the header names {self._width} columns: put text that holds"
                " a separator into quotes, or give the column a name"
            )

    def _record(self, line: int, row: Sequence[Any]) -> Record:
        given = [(index, row[index] if index < len(row) else None) for index in self._header.roles]
        given = [(index, value) for index, value in given if value is not ABSENT]
        record: Record = {}
        for index, value in given:
            role = self._header.roles[index]
            if role in _TEXTS:
                record[role.value] = self._read(index, cells.text, value)
            elif role in _DAYS:
                record[role.value] = self._read(
                    index, partial(cells.day, day_first=self._day_first[index]), value
                )
            elif role in (Role.ALTERNATES, Role.KEYWORDS):
                texts = partial(cells.texts, by_comma=role is Role.KEYWORDS)
                record.setdefault("alternates", []).extend(self._read(index, texts, value))
            elif role in _LISTS:
                record.setdefault(role.value, []).extend(self._read(index, cells.texts, value))
        self._put_sources(line, given, record)
        self._put_status(given, record)
        return record

    def _put_sources(self, line: int, given: Sequence[tuple[int, Any]], record: Record) -> None:
        """The links of all columns that may hold some; a name without a link names the only one there is."""
        columns = [(i, value) for i, value in given if self._header.roles[i] in (Role.SOURCES, Role.LINK)]
        names = [
            text for i, v in given if self._header.roles[i] is Role.SOURCE_TITLE if (text := cells.text(v))
        ]
        sources: list[Any] = []
        for index, value in columns:
            links, rest = self._read(index, cells.links, value)
            sources.extend(links)
            if rest:
                names.append(rest)
        if len(sources) == 1 and names and isinstance(sources[0], dict):
            sources = [{"title": names.pop(0), **{k: v for k, v in sources[0].items() if v is not None}}]
        if names:
            self._collector.note(f'a source without a link was left out: "{names[0].strip()[:40]}"', line)
        if columns and (
            sources or not names
        ):  # what cannot be read does not take the place of what is stored
            record["sources"] = sources

    def _put_status(self, given: Sequence[tuple[int, Any]], record: Record) -> None:
        """What a status says; a box that says that something is a draft is not overruled."""
        for index, value in given:
            role = self._header.roles[index]
            if role is Role.STATUS:
                record["status"] = self._read(index, cells.status, value)
        for index, value in given:
            role = self._header.roles[index]
            if role not in (Role.DRAFT, Role.PUBLISHED):
                continue
            yes = cells.is_yes(value)
            if yes is None and role is Role.DRAFT:
                raise Unreadable(f"{self._header.names[index]} must be yes or no")
            record.setdefault("status", None)
            if yes is (role is Role.DRAFT) and record["status"] in (None, EntryStatus.APPROVED):
                record["status"] = EntryStatus.DRAFT.value

    def _read(self, index: int, read: Callable[[Any], Any], value: object) -> Any:  # noqa: ANN401
        try:
            return read(value)
        except Unreadable as error:
            name = self._header.names[index] if index < len(self._header.names) else ""
            raise Unreadable(f"{name or self._header.roles[index].value}: {error}") from None

    def _day_order(self, index: int, rows: Sequence[Row]) -> bool | None:
        order = cells.day_first_of(row[index] for _, row in rows if index < len(row))
        if order is not None:
            form = "day/month/year" if order else "month/day/year"
            self._collector.note(f'the days in "{self._header.names[index]}" were read as {form}')
        return order


def _is_filled(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())
