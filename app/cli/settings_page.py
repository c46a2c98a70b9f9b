"""`docs/settings.md`: every setting as the code has it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.settings import Settings, name_of

_INTRODUCTION = """# Settings

From the environment or from `.env` in the folder that `candor` is started in; the environment wins. An empty
value means unset, an unknown `CANDOR_` name is an error at start, and a change needs a restart. This page is
written by `make settings` from `app/settings.py`; `candor settings` prints it for the installed version.

| name | default | what it does |
|---|---|---|
"""
_SAID = {  # defaults that depend on what lies where, or lie elsewhere on each machine
    "CANDOR_ENCODER": "`var/retriever/`, `models/retriever/` of the seeds, else `all-MiniLM-L6-v2`",
    "CANDOR_SEEDS_DIR": "those that come with Candor",
}


def settings_page() -> str:
    """The page in Markdown."""
    return _INTRODUCTION + "".join(_rows())


def _rows() -> Iterator[str]:
    for name, field in all_fields():
        yield f"| `{name}` | {_SAID.get(name) or _default(field)} | {field.description} |\n"


def all_fields() -> Iterator[tuple[str, FieldInfo]]:
    """Each setting by the name it is set by, those of groups one by one, in the order of the code."""
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            yield from ((name_of(name, inner), each) for inner, each in group.model_fields.items())
        else:
            yield name_of(name), field


def _default(field: FieldInfo) -> str:
    text = _text(field.default)
    return f"`{text}`" if text else ""


def _text(value: Any) -> str:  # noqa: ANN401
    match value:
        case None | ():
            return ""
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
        case Path():
            return value.as_posix()
        case _:
            return str(value)
