"""Text that a spreadsheet would run as a formula: harmless on the way out, taken back on the way in."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escaped(text: str) -> str:
    """For CSV: an apostrophe before what begins as a formula does."""
    return f"'{text}" if _FORMULA.match(text) else text


def escaped_in_workbook(text: str) -> str:
    """For XLSX, where a cell says itself that it is text: only what `unescaped` would take for escaped."""
    return f"'{text}" if _ESCAPED.match(text) else text


def unescaped(text: str) -> str:
    """What was escaped, in either way."""
    return text[1:] if _ESCAPED.match(text) else text
