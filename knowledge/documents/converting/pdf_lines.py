"""The lines of a PDF's pages with how large they are set and where: all that its text tells of its layout."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

_HYPHEN = re.compile("[\ufffe\x02\u00ad]")
_FEWEST_PAGES = 3  # below, what repeats need not be what stands on every page
_EDGE = 2  # lines at the top and the bottom of a page that may be its header and footer


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is read, on `page` (from 1). `size`: height of its letters in points; `bottom`, `left`
    and `right`: where it stands, in points from the page's lower left corner; `hyphen`: its last word goes on
    in the next line."""

    text: str
    page: int
    size: float
    bottom: float
    left: float
    right: float
    hyphen: bool = False


def lines_of(page: Any, number: int) -> list[Line]:  # noqa: ANN401
    """The lines of one page that are not blank, in the order in which they were written."""
    words = page.get_textpage()
    try:
        text = words.get_text_range() if words.count_chars() else ""
        found, at = [], 0
        for raw in re.split("(\r\n|\n|\r)", text):
            if shown := _shown(raw):
                set_ = _set(words, at + len(raw) - len(raw.lstrip()), at + len(raw.rstrip()))
                found.append(Line(shown, number, *set_, bool(_HYPHEN.search(raw.rstrip()[-1:]))))
            at += len(raw)
        return found
    finally:
        words.close()


def without_edges(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Pages without the lines that most of them have at their top or bottom, numbers aside."""
    if len(pages) < _FEWEST_PAGES:
        return [list(page) for page in pages]
    seen = Counter(key for page in pages for key in {_key(line) for line in _edges(page)})
    repeated = {key for key, times in seen.items() if times > len(pages) / 2}
    return [_cut(page, repeated) for page in pages]


def _cut(page: Sequence[Line], repeated: set[str]) -> list[Line]:
    edges = {id(line) for line in _edges(page) if _key(line) in repeated}
    return [line for line in page if id(line) not in edges]


def _edges(page: Sequence[Line]) -> Iterator[Line]:
    yield from page[:_EDGE]
    yield from page[max(_EDGE, len(page) - _EDGE) :]


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _shown(raw: str) -> str:
    return " ".join(_HYPHEN.sub("", raw).replace("\x00", "").split())


_SAMPLES = 5


def _set(words: Any, start: int, end: int) -> tuple[float, float, float, float]:  # noqa: ANN401
    """Size, bottom, left and right of a line, from a few of its letters."""
    step, last = max(1, (end - start) // _SAMPLES), min(end, words.count_chars()) - 1
    boxes = [words.get_charbox(at, loose=True) for at in {*range(start, last + 1, step), last} if at >= start]
    boxes = [box for box in boxes if box[3] > box[1]]
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    lefts, bottoms, rights, _ = zip(*boxes, strict=True)
    size = round(median(top - bottom for _, bottom, _, top in boxes), 1)
    return size, median(bottoms), min(lefts), max(rights)
