"""A file of any of the kinds as a `Document`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from knowledge.documents.converting.pdf import is_pdf, read_pdf
from knowledge.documents.converting.web_page import read_page
from knowledge.documents.converting.word_file import is_word_file, read_word_file
from knowledge.documents.parts import one_a_paragraph, parts_of
from knowledge.documents.sections import sections_of
from knowledge.documents.types import Content, Document, DocumentUnreadable
from knowledge.importing.decoding import text_of
from knowledge.importing.reading import Unreadable, UnreadableAt, front_matter
from knowledge.importing.records import MAX_TITLE, normalise
from knowledge.sheets.delimited import FIRST_ROWS, rows_of
from knowledge.sheets.tables import find_header

SUFFIXES = (".md", ".markdown", ".html", ".htm", ".xhtml", ".docx", ".docm", ".pdf", ".txt")
TYPES = {
    "text/markdown": ".md",
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
_HTML = (".html", ".htm", ".xhtml")
_MOST_TEXT = 20_000_000
_FIELD = re.compile(r"^(?:id|question|alternates|misconceptions)[ \t]*:", re.MULTILINE)
_FRONT = 20_000  # characters of front matter in which an entry's fields show
_OLE = b"\xd0\xcf\x11\xe0"


def read_document(name: str, data: bytes, limit: int, *, kind: str = "", url: str = "") -> Document:
    """A document from its bytes: what it is shows in them, in the suffix of `name`, or in `kind`, a suffix as
    in `SUFFIXES`. `limit`: the most bytes that it may have, and unpack to. Raises `DocumentUnreadable` and
    `ConverterMissing`."""
    try:
        content = _content(name, data, limit, kind or PurePosixPath(name).suffix.lower(), url)
    except UnreadableAt as error:
        raise DocumentUnreadable(name, f"{error}, on line {error.line}") from None
    except Unreadable as error:
        raise DocumentUnreadable(name, str(error)) from None
    sections = sections_of(content.parts)
    if not sections:
        raise DocumentUnreadable(name, "there is no text in it")
    title = normalise(" ".join(content.title.split()))[:MAX_TITLE] or _named(name)
    return Document(
        name, title, sections, hashlib.sha256(data).hexdigest(), url, content.pages, content.notes
    )


def is_entry(data: bytes) -> bool:
    """Whether a Markdown file is one entry, with its fields as front matter, rather than a document."""
    try:
        text = text_of(data)[0].lstrip().replace("\r\n", "\n")
    except Unreadable:
        return False
    return text.startswith("---\n") and bool(_FIELD.search(text[4:].partition("\n---")[0][:_FRONT]))


def is_table(data: bytes) -> bool:
    """Whether a text file holds columns of questions and answers, as Excel's Unicode text does."""
    try:
        rows, _ = rows_of(text_of(data)[0])
        return find_header(list(islice(rows, FIRST_ROWS)))[0] is not None
    except Unreadable:
        return False


def _content(name: str, data: bytes, limit: int, kind: str, url: str) -> Content:
    if len(data) > limit:
        raise Unreadable(f"it is larger than the {limit:,} bytes that an import may have")
    if not data.strip():
        raise Unreadable("it is empty")
    if is_pdf(data):
        return read_pdf(data)
    if is_word_file(data) or data.startswith(_OLE) or kind in (".docx", ".docm"):
        return read_word_file(data, limit)
    if kind == ".pdf":
        raise Unreadable("this is no PDF, whatever its name says")
    if kind not in SUFFIXES:
        raise Unreadable(f"only {', '.join(SUFFIXES)} are read, and tables by `candor import`")
    text = _text(data, is_html=kind in _HTML)
    readers: dict[str, Callable[[], Content]] = {
        ".md": lambda: _markdown(text),
        ".markdown": lambda: _markdown(text),
        ".txt": lambda: Content(tuple(parts_of(one_a_paragraph(text)))),
    }
    return readers.get(kind, lambda: read_page(text, url))()


def _text(data: bytes, *, is_html: bool) -> str:
    text = (is_html and _declared(data)) or _decoded(data)
    if len(text) > _MOST_TEXT:
        raise Unreadable(f"it has more than {_MOST_TEXT:,} characters")
    if "\x00" in text:
        raise Unreadable("this is no text: its bytes are those of another kind of file")
    return normalise(text)


def _decoded(data: bytes) -> str:
    try:
        return text_of(data)[0]
    except UnreadableAt:
        raise Unreadable("this is not text, whatever its name says; text has to be saved as UTF-8") from None


def _declared(data: bytes) -> str:
    """The text of a page in the encoding that it names itself; '' where it names none, or a wrong one."""
    from bs4.dammit import EncodingDetector

    encoding = EncodingDetector.find_declared_encoding(data, is_html=True, search_entire_document=False)
    try:
        return data.decode(encoding) if encoding else ""
    except (UnicodeDecodeError, LookupError):
        return ""


def _markdown(text: str) -> Content:
    fields: dict[str, Any] = {}
    if text.startswith("---\n") and "\n---" in text:
        fields = front_matter(text)
        text = str(fields.pop("answer"))
    parts = tuple(parts_of(text))
    given = fields.get("title")
    first = next((part.text for part in parts if part.level), "")
    outermost = first if parts and parts[0].level == 1 else ""
    return Content(parts, given if isinstance(given, str) else outermost)


def _named(name: str) -> str:
    """A title from a file's name."""
    stem = PurePosixPath(name.rstrip("/")).stem or name
    words = " ".join(stem.replace("_", " ").replace("-", " ").split())
    return (words[:1].upper() + words[1:])[:MAX_TITLE]
