"""The text of a spreadsheet's file, whatever encoding its program wrote and whatever was done to it since.

UTF-8 and UTF-16 prove themselves. Of the old code pages Windows-1252 is by far the most usual, and believed
where what it gives looks like text. Other Western ones come next; a detector is asked where none does."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from knowledge.importing.reading import UnreadableAt

_MARKS = {
    codecs.BOM_UTF8: ("utf-8", ""),
    codecs.BOM_UTF32_LE: ("utf-32-le", "UTF-32"),  # begins as UTF-16 does
    codecs.BOM_UTF32_BE: ("utf-32-be", "UTF-32"),
    codecs.BOM_UTF16_LE: ("utf-16-le", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16-be", "UTF-16"),
}
_WESTERN = {"cp1252": "Windows-1252", "mac_roman": "Mac OS Roman", "cp850": "MS-DOS (code page 850)"}
_LATIN = ("cp1250", "cp1254", "cp1257")
_ALPHABETS = "cp1251 cp1253 cp1255 cp1256 koi8_r cp932 gb18030 big5 cp949".split()
_NOT_TEXT = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"PK\x03\x04": "a ZIP archive",
    b"{\\rtf": "an RTF document",
    b"\xd0\xcf\x11\xe0": "an old Office file",
}
_FEW, _MANY = 3, 5  # accented letters in a row, which no Western or no other language has
_COHERENT = 0.3  # of its own scale: how much the letters are those of a language
_SAMPLE = 1_000_000
_WITHIN_WORDS = frozenset("’‘\xad")
_BETWEEN_WORDS = "–—…"
_OPENING = "‚„¿¡"  # never behind a letter
_UNPAIRED = re.compile(r"(?<!\S)”(?=\w)(?![^\n\r”]*”)")  # as an opening sign it comes in pairs
_LETTERS = re.compile(r"[^\W\d_]+")
_HIGH = re.compile(r"[^\x00-\x7f]+")


def text_of(data: bytes) -> tuple[str, str]:
    """The text without a byte order mark, and the name of an encoding that had to be assumed ("" for UTF-8).
    Raises `UnreadableAt` for what is no text."""
    if not data.strip():
        raise UnreadableAt(1, "the file is empty")
    for magic, kind in _NOT_TEXT.items():
        if data.startswith(magic):
            raise UnreadableAt(1, f"this is {kind}, not a table: save it as .xlsx or as CSV (UTF-8)")
    encoding, name = _unicode_of(data)
    try:
        return data.decode(encoding).removeprefix("\ufeff"), name
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise UnreadableAt(1, f"the file begins as {name} text and does not go on so") from None
        position = error.start
    if b"\x00" in data:
        raise UnreadableAt(1, "this is not text, whatever its name says: save it as .xlsx or as CSV (UTF-8)")
    return _of_code_page(data, data.count(b"\n", 0, position) + 1)


def _unicode_of(data: bytes) -> tuple[str, str]:
    for mark, found in _MARKS.items():
        if data.startswith(mark):
            return found
    even, odd = data[:2000:2], data[1:2000:2]
    if odd.count(0) > len(odd) / 2 and len(data) % 2 == 0:
        return "utf-16-le", "UTF-16"
    if even.count(0) > len(even) / 2 and len(data) % 2 == 0:
        return "utf-16-be", "UTF-16"
    return "utf-8", ""


def _of_code_page(data: bytes, line: int) -> tuple[str, str]:
    for encoding, name in chain(_WESTERN.items(), _detected(data)):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding in _ALPHABETS or _looks_written(text, _MANY if encoding in _LATIN else _FEW):
            return text, name
    raise UnreadableAt(
        line, "not UTF-8 text, and no other encoding makes sense of it: save it as CSV (UTF-8)"
    )


def _detected(data: bytes) -> Iterator[tuple[str, str]]:
    """What charset-normalizer makes of text in other languages, the likeliest first."""
    from charset_normalizer import from_bytes

    for match in from_bytes(data[:_SAMPLE], cp_isolation=[*_LATIN, *_ALPHABETS]):
        if match.coherence > _COHERENT or (match.multi_byte_usage and not match.chaos):
            yield match.encoding, match.encoding.replace("cp125", "Windows-125")


def _looks_written(text: str, accents: int) -> bool:
    """Whether the characters outside of ASCII stand where people write them. A wrong code page puts capitals
    and signs into the middle of words, and makes whole words of accented letters: so many in a row."""
    for match in _HIGH.finditer(text):
        run = match.group()
        if any(unicodedata.category(char) == "Cc" or _is_foreign(char) for char in run):
            return False
        if any(len(letters) >= accents for letters in _LETTERS.findall(run)):
            return False
        if not _stands_well(
            run, text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        ):
            return False
    return not _UNPAIRED.search(text)


def _stands_well(run: str, before: str, after: str) -> bool:
    if before.islower() and run[0].isupper():
        return False
    if before.isalpha() and run[0] in _OPENING:
        return False
    if before.isalpha() and after.isalpha() and not run.isalpha():
        return (
            run[0] in _BETWEEN_WORDS
            or {sign for sign in run if not sign.isalpha()} <= _WITHIN_WORDS
            or (run == "·" and before in "lL")
        )
    return True


def _is_foreign(char: str) -> bool:
    """A letter that no Western language has."""
    return char.isalpha() and not unicodedata.name(char, "").startswith(
        ("LATIN", "FEMININE", "MASCULINE", "MICRO")
    )


def repaired(text: str) -> str:
    """The text, put right where it is UTF-8 that some program read as another encoding ("cafÃ©")."""
    if text.isascii():
        return text
    import ftfy

    return ftfy.fix_encoding(text)


def repaired_whole(text: str) -> str | None:
    """A file whose every character was garbled in the same way, put right; None where that is not so."""
    if text.isascii():
        return None
    # registers the code page that knows every byte
    import ftfy.bad_codecs  # noqa: F401
    from ftfy.badness import is_bad

    if not text.startswith("ï»¿") and not is_bad(text):
        return None
    for read_as in ("sloppy-windows-1252", "latin-1"):
        with suppress(UnicodeError):
            return text.encode(read_as).decode("utf-8").removeprefix("\ufeff")
    return None
