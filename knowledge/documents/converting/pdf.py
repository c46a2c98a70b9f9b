"""PDF through pypdfium2, page by page: its outline as headings, or else what is set larger than the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from threading import Lock
from typing import Any

from knowledge.documents.converting.pdf_lines import Line, lines_of, without_edges
from knowledge.documents.converting.pdf_paragraphs import markdown_of_lines
from knowledge.documents.parts import parts_of
from knowledge.documents.types import Content, Part, converter
from knowledge.importing.reading import Unreadable
from knowledge.twins import question_key

MOST_PAGES = 5_000
MOST_LETTERS = 20_000_000
_KIND = "PDF"
_LARGER = 1.15  # times the size of the text: a heading
_LONGEST_HEADING = 15  # words
_MOST_HEADING_LINES = 3
_NUMBER_LENGTH = 12  # letters of what may stand before a heading in the text alone: "3.2", "Chapter 4"
_MOST_LEVELS = 6
_FILE_NAME = re.compile(r"\.\w{2,5}$|^Microsoft ")
_one_at_a_time = Lock()  # PDFium is not made for threads

Headings = dict[int, tuple[Part | None, bool]]
"""By the `id` of a line: the heading there, None where it goes on; and whether the line itself is text."""


def is_pdf(data: bytes) -> bool:
    return b"%PDF-" in data[:1024]


def read_pdf(data: bytes) -> Content:
    """Raises `Unreadable` for one that is locked, damaged, a scan or too long, and `ConverterMissing`."""
    pdfium = converter("pypdfium2", _KIND)
    with _one_at_a_time:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            raise Unreadable(_fault(pdfium, error)) from None
        try:
            return _read(document)
        except pdfium.PdfiumError:
            raise Unreadable("a page of the PDF is damaged") from None
        finally:
            document.close()


def _fault(pdfium: Any, error: Exception) -> str:  # noqa: ANN401
    if getattr(error, "err_code", None) == pdfium.raw.FPDF_ERR_PASSWORD:
        return "it is locked with a password: save it without one"
    if getattr(error, "err_code", None) == pdfium.raw.FPDF_ERR_SECURITY:
        return "it is locked in a way that cannot be read: save it without protection"
    return "the PDF is cut off or damaged"


def _read(document: Any) -> Content:  # noqa: ANN401
    count = len(document)
    if count > MOST_PAGES:
        raise Unreadable(f"it has {count:,} pages; at most {MOST_PAGES:,} are read")
    pages, letters = [], 0
    for at in range(count):
        page = document[at]
        pages.append(lines_of(page, at + 1))
        page.close()
        letters += sum(len(line.text) for line in pages[-1])
        if letters > MOST_LETTERS:
            raise Unreadable(f"it has more than {MOST_LETTERS:,} letters")
    if not letters:
        raise Unreadable(f"its {count:,} page(s) are pictures without text, as a scan is: run OCR over it")
    blank = [str(at + 1) for at, lines in enumerate(pages) if not lines]
    notes = (f"without text, as a scan is: page {_listed(blank)}",) if blank else ()
    title = str(document.get_metadata_value("Title") or "").strip()
    pages = without_edges(pages)
    headings = _outline(document, pages) or _larger(pages)
    parts = _by_headings(pages, headings) if headings else _by_pages(pages)
    return Content(tuple(parts), "" if _FILE_NAME.search(title) else title, count, notes)


def _listed(pages: Sequence[str]) -> str:
    return ", ".join(pages[:20]) + (f" and {len(pages) - 20} more" if len(pages) > 20 else "")


def _outline(document: Any, pages: Sequence[Sequence[Line]]) -> Headings:  # noqa: ANN401
    """What the outline names, at the line that says it, or else above the first line of its page."""
    found: Headings = {}
    for mark in document.get_toc(max_depth=_MOST_LEVELS):
        dest, title = mark.get_dest(), " ".join(mark.get_title().split())
        index = dest.get_index() if dest else None
        if not title or index is None or not 0 <= index < len(pages) or not pages[index]:
            continue
        part = Part(title, min(mark.level + 1, _MOST_LEVELS), index + 1)
        lines = _saying(title, [line for line in pages[index] if id(line) not in found])
        if lines:
            found |= {id(lines[0]): (part, False)} | {id(line): (None, False) for line in lines[1:]}
        elif id(pages[index][0]) not in found:
            found[id(pages[index][0])] = (part, True)
    return found


def _saying(title: str, lines: Sequence[Line]) -> Sequence[Line]:
    """The one or several lines that are a heading, with or without its number."""
    words = question_key(title)
    for at, line in enumerate(lines):
        own = question_key(line.text)
        for end in range(at + 1, len(lines) + 1):
            if own == words or (own.endswith(f" {words}") and len(own) <= len(words) + _NUMBER_LENGTH):
                return lines[at:end]
            if end == len(lines) or end - at >= _MOST_HEADING_LINES or not own or own not in words:
                break
            own = f"{own} {question_key(lines[end].text)}"
    return ()


def _larger(pages: Sequence[Sequence[Line]]) -> Headings:
    """Short lines that are set larger than most of the text, the largest outermost."""
    sizes: Counter[float] = Counter()
    for line in chain.from_iterable(pages):
        sizes[line.size] += len(line.text)
    usual = sizes.most_common(1)[0][0] if sizes else 0.0
    found: Headings = {}
    groups = [
        list(group)
        for page in pages
        for size, group in groupby(page, key=lambda line: line.size)
        if size >= usual * _LARGER
    ]
    groups = [group for group in groups if sum(len(line.text.split()) for line in group) <= _LONGEST_HEADING]
    ranks = {size: at for at, size in enumerate(sorted({g[0].size for g in groups}, reverse=True), start=1)}
    for first, *others in groups:
        text = " ".join(line.text for line in (first, *others))
        found[id(first)] = (Part(text, min(ranks[first.size], _MOST_LEVELS), first.page), False)
        found |= {id(line): (None, False) for line in others}
    return found


def _by_headings(pages: Sequence[Sequence[Line]], headings: Headings) -> Iterator[Part]:
    """All in reading order."""
    waiting: list[Line] = []
    for line in chain.from_iterable(pages):
        part, above = headings.get(id(line), (None, True))
        if part is not None:
            yield from _body(waiting)
            waiting = []
            yield part
        if above:
            waiting.append(line)
    yield from _body(waiting)


def _by_pages(pages: Sequence[Sequence[Line]]) -> Iterator[Part]:
    """Without any heading: by the questions that it answers, or else each page by itself."""
    bodies = [list(_body(page)) for page in pages]
    asks = any(part.level for body in bodies for part in body)
    for number, body in enumerate(bodies, start=1):
        if body and not asks and len(pages) > 1:
            yield Part(f"Page {number}", 1, number)
        yield from body


def _body(lines: Sequence[Line]) -> Iterator[Part]:
    if lines:
        yield from parts_of(markdown_of_lines(lines), lines[0].page)
