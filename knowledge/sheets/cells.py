"""What stands in one cell of a table: text, several texts, links, a day, a status. Each raises `Unreadable`
for what it cannot be sure of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from knowledge.importing.reading import Unreadable, json_value
from knowledge.types import EntryStatus

_EXCEL_DAY_0 = date(1899, 12, 30)
_SERIALS = range(20_000, 80_000)  # 1954 to 2119: what else is a number in a column of days?
_NUMERIC_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})\Z")
_ISO_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\Z")
_CLOCK = re.compile(
    r"[T ,]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*([ap]\.?m\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?\Z", re.I
)
_WRITTEN_DAYS = (
    "%d %B %Y",
    "%d %b %Y",
    "%B %d %Y",
    "%b %d %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%A %d %B %Y",
    "%A %B %d %Y",
)
_BULLET = re.compile(r"[-*•–]\s+")
_ADDRESS = re.compile(r"https?://[^\s<>|;\"]+", re.I)
_NAMED_LINK = re.compile(r"\[([^\]]+)\]\((https?://\S+?)\)\Z")
_OTHER_SCHEME = re.compile(r"(?!https?:)(?:[a-z][a-z0-9+.-]*://|javascript:|data:|file:)", re.I)
_BARE_ADDRESS = re.compile(r"(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?\Z", re.I)
_YES = frozenset("1 true yes y x checked wahr ja vrai oui si sí on ✓ ✔ ☑".split())
_NO = frozenset("0 false no n unchecked falsch nein faux non off ✗ ☐".split())
_STATUSES = {
    EntryStatus.APPROVED: "approved published publish live active public final done complete completed",
    EntryStatus.DRAFT: "draft unpublished pending in_progress"
    " new proposed todo to_do wip waiting not_approved not_published unapproved rejected",
    EntryStatus.IN_REVIEW: "in_review review to_review needs_review",
    EntryStatus.RETIRED: "retired archived archive inactive deleted obsolete outdated expired deprecated",
}


@dataclass(frozen=True, slots=True)
class Unusable:
    """In place of a cell that cannot be read for certain: only who needs the cell has to refuse it."""

    detail: str


def text(value: object) -> str | None:
    """A cell's text; None where there is none. A whole number loses the .0 that a spreadsheet keeps."""
    if isinstance(value, Unusable):
        raise Unreadable(value.detail)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or None
    if isinstance(value, list | dict):
        raise Unreadable("must be text, not a list or an object")
    return str(value)


def texts(value: object, *, by_comma: bool = False) -> list[object]:
    """Several texts in one cell: a JSON array, or parted by line breaks, else by |, else by ; (`by_comma`:
    else by commas)."""
    if isinstance(value, list):
        return value
    cell = (text(value) or "").strip()
    if cell.startswith("["):
        with suppress(Unreadable):
            if isinstance(listed := json_value(cell), list):
                return listed
        if cell.startswith('["'):
            raise Unreadable("not valid JSON, though it begins as a list does")
    parts = re.split(r"[\r\n]+", cell)
    if len(parts) > 1:
        parts = [_BULLET.sub("", part.strip(), count=1) for part in parts]
    else:
        signs = "|;," if by_comma else "|;"
        parts = cell.split(next((sign for sign in signs if sign in cell), "|"))
    return [part.strip() for part in parts if part.strip()]


def links(value: object) -> tuple[list[object], str]:
    """The links of a cell, as sources, and what else stands there: the name of one link, or none."""
    if isinstance(value, list):
        return [{"url": item} if isinstance(item, str) else item for item in value], ""
    cell = (text(value) or "").strip()
    lines = [line.strip() for line in cell.splitlines() if line.strip()]
    named = [match for line in lines if (match := _NAMED_LINK.match(line))]
    if lines and len(named) == len(lines):
        return [{"title": match[1], "url": match[2]} for match in named], ""
    if cell.startswith("["):
        if isinstance(listed := json_value(cell), list):
            return links(listed)
        raise Unreadable("not a JSON array, though it begins as one does")
    if _OTHER_SCHEME.match(cell):
        raise Unreadable(f'"{cell[:60]}" is not a http or https address')
    if _BARE_ADDRESS.match(cell):
        return [{"url": f"https://{cell}"}], ""
    found = [address.rstrip(".,)") for address in _ADDRESS.findall(cell)]
    rest = _ADDRESS.sub(" ", cell).strip(" \t\r\n|;,:()<>-–")
    return [{"url": address} for address in found], rest if len(found) < 2 else ""


def day(value: object, day_first: bool | None = None) -> date | None:
    """A day as spreadsheets and people write it. `day_first`: what 01/10/2026 means, where that is known."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | float) and int(value) in _SERIALS:
        return _EXCEL_DAY_0 + timedelta(days=int(value))
    written = (text(value) or "").strip()
    if not written:
        return None
    plain = _CLOCK.sub("", written).strip()
    try:
        if match := _ISO_DAY.match(plain):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _NUMERIC_DAY.match(plain):
            return _numeric(match, day_first)
    except Unreadable:
        raise
    except ValueError:
        raise Unreadable(f'"{written[:40]}" is a day that no calendar has') from None
    return _worded(plain)


def _worded(plain: str) -> date:
    spaced = " ".join(re.sub(r"(?<=\d)(st|nd|rd|th)\b|[,.]", " ", plain).split())
    for form in _WRITTEN_DAYS:
        with suppress(ValueError):
            return datetime.strptime(spaced, form).date()
    raise Unreadable(f'"{plain[:40]}" must be a day written as YYYY-MM-DD')


def day_first_of(values: Iterable[object]) -> bool | None:
    """Whether the days of a column begin with the day: what those tell that can only be read one way."""
    firsts, seconds = False, False
    for value in values:
        if isinstance(value, str) and (match := _NUMERIC_DAY.match(_CLOCK.sub("", value.strip()).strip())):
            firsts |= int(match[1]) > 12 and match[2] != "."
            seconds |= int(match[3]) > 12
    return None if firsts == seconds else firsts


def _numeric(match: re.Match[str], day_first: bool | None) -> date:
    first, sign, second, year = int(match[1]), match[2], int(match[3]), int(match[4])
    year += 2000 if year < 100 else 0
    if sign == "." or first > 12:  # no country writes the month first and dots
        day_first = True
    elif second > 12 or first == second:
        day_first = False
    if day_first is None:
        raise Unreadable(f'"{match.group()}" may be two different days; write it as YYYY-MM-DD')
    return date(year, second, first) if day_first else date(year, first, second)


def status(value: object) -> str | None:
    written = (text(value) or "").strip()
    if not written:
        return None
    word = re.sub(r"[\s-]+", "_", written.casefold())
    for meant, words in _STATUSES.items():
        if word in words.split():
            return meant.value
    raise Unreadable(f'"{written[:40]}" must be one of {", ".join(EntryStatus)}')


def is_yes(value: object) -> bool | None:
    """None where it is neither yes nor no, a date for instance."""
    word = (text(value) or "no").strip().casefold()
    return True if word in _YES else False if word in _NO else None
