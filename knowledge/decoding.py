"""The text of a spreadsheet's file, whatever encoding its program wrote and whatever was done to it since.

UTF-8 and UTF-16 prove themselves. Of the old code pages Windows-1252 is by far the most usual, and believed
where what it gives looks like text. Other Western ones come next; a detector is asked where none does."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator

from knowledge.reading import UnreadableAt

_MARKS = {
    codecs.BOM_UTF8: ("utf-8", ""),
    codecs.BOM_UTF32_LE: ("utf-32-le", "UTF-32"),  # begins as UTF-16 does
    codecs.BOM_UTF32_BE: ("utf-32-be", "UTF-32"),
    codecs.BOM_UTF16_LE: ("utf-16-le", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16-be", "UTF-16"),
}
_WESTERN = {"cp1252": "Windows-1252", "mac_roman": "Mac OS Roman", "cp850": "MS-DOS (code page 850)"}
_OTHERS = "cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 koi8_r cp932 gb18030 big5 cp949".split()
_NOT_TEXT = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"PK\x03\x04": "a ZIP archive",
    b"{\\rtf": "an RTF document",
    b"\xd0\xcf\x11\xe0": "an old Office file",
}
_COHERENT = 0.3  # of its own scale: how much the letters are those of a language
_SAMPLE = 1_000_000
_WITHIN_WORDS = frozenset("’‘'·­")  # may stand between two letters
_ACCENTED_WORD = re.compile(r"[^\W\d_]{3}")
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
    for encoding, name in [*_WESTERN.items(), *_detected(data)]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding not in _WESTERN or _looks_written(text):
            return text, name
    raise UnreadableAt(
        line, "not UTF-8 text, and no other encoding makes sense of it: save it as CSV (UTF-8)"
    )


def _detected(data: bytes) -> Iterator[tuple[str, str]]:
    """What charset-normalizer makes of text in other alphabets."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE], cp_isolation=_OTHERS).best()
    if best and (best.coherence > _COHERENT or (best.multi_byte_usage and not best.chaos)):
        yield best.encoding, best.encoding.replace("cp125", "Windows-125")


def _looks_written(text: str) -> bool:
    """Whether the characters outside of ASCII stand where people write them. A wrong code page puts capitals
    and signs into the middle of words, and makes whole words of accented letters."""
    for match in _HIGH.finditer(text):
        run = match.group()
        before = text[match.start() - 1 : match.start()]
        after = text[match.end() : match.end() + 1]
        if any(unicodedata.category(char) == "Cc" for char in run):
            return False
        if _ACCENTED_WORD.search(run):
            return False
        if before.islower() and run[0].isupper():
            return False
        if before.isalpha() and after.isalpha() and not all(c.isalpha() or c in _WITHIN_WORDS for c in run):
            return run[0] in "–—…"
        if before.isalpha() and run[0] in "‚„¿¡":  # they open, and never follow a letter
            return False
    return True


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
    try:
        return text.encode("sloppy-windows-1252").decode("utf-8").removeprefix("\ufeff")
    except UnicodeError:
        return None
