"""DOCX through mammoth: styles as headings, lists, tables. Macros, pictures and linked files are not read."""

from __future__ import annotations

import io
import zipfile
from xml.etree.ElementTree import ParseError

from knowledge.documents.converting.web_page import read_fragment
from knowledge.documents.types import Content, converter
from knowledge.importing.reading import Unreadable

BODY = "word/document.xml"
_KIND = "DOCX"
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MOST_FILES = 10_000
_MOST_DEPTH = 200  # tags within tags: both readers call themselves for each
_BROKEN = "the file is cut off or damaged: save it again as .docx"
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def is_word_file(data: bytes) -> bool:
    """Whether this is, whatever its name, what `read_word_file` is to judge."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return BODY in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False


def read_word_file(data: bytes, limit: int) -> Content:
    """Raises `Unreadable`, `ConverterMissing`; no more than `limit` bytes are unpacked."""
    mammoth = converter("mammoth", _KIND)
    _refuse(data, limit)
    try:
        html = mammoth.convert_to_html(
            io.BytesIO(data), style_map=_STYLES, convert_image=_no_image, ignore_empty_paragraphs=True
        ).value
    except RecursionError:
        raise Unreadable("it is nested to a depth that cannot be read") from None
    except (KeyError, IndexError, AttributeError, TypeError, ValueError, OSError, zipfile.BadZipFile):
        raise Unreadable(_BROKEN) from None
    return read_fragment(html)


def _no_image(_image: object) -> list[object]:
    return []


def _refuse(data: bytes, limit: int) -> None:
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise Unreadable("it is locked with a password: save it without one")
        raise Unreadable("this is an old Office file (.doc): save it as .docx")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = archive.infolist()
            if BODY not in archive.namelist():
                raise Unreadable("this is a ZIP archive, not a DOCX file")
            unpacked = sum(file.file_size for file in files if "/media/" not in file.filename)
            if unpacked > limit or len(files) > _MOST_FILES:
                raise Unreadable(f"it would unpack to more than {limit:,} bytes")
            for file in files:
                if file.filename.endswith((".xml", ".rels")):
                    _refuse_hostile(archive, file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError, RuntimeError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(_BROKEN) from None


def _refuse_hostile(archive: zipfile.ZipFile, file: zipfile.ZipInfo) -> None:
    """Entities that grow, and tags nested so deep that who reads them would fall. Raises `Unreadable`."""
    from zlib import error as zlib_error

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    depth = 0
    try:
        with archive.open(file) as stream:
            for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
                depth += 1 if event == "start" else -1
                if depth > _MOST_DEPTH:
                    raise Unreadable("it is nested to a depth that cannot be read")
                if event == "end":
                    element.clear()
    except (DefusedXmlException, ParseError, zlib_error):
        raise Unreadable(_BROKEN) from None
