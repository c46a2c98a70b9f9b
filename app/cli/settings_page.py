"""`docs/settings.md`: every setting as the code has it."""

from __future__ import annotations

from collections.abc import Iterator

from app.setting_texts import all_fields, default_of

_INTRODUCTION = """# Settings

From the environment or from `.env` in the folder that `candor` is started in; the environment wins. An empty
value means unset, an unknown `CANDOR_` name is an error at start, and a change needs a restart. This page is
written by `make settings` from `app/settings.py`; `candor settings` prints it for the installed version.

| name | default | what it does |
|---|---|---|
"""


def settings_page() -> str:
    """The page in Markdown."""
    return _INTRODUCTION + "".join(_rows())


def _rows() -> Iterator[str]:
    for name, field in all_fields():
        yield f"| `{name}` | {default_of(name, field)} | {field.description} |\n"
