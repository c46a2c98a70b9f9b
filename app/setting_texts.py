"""Each setting by its name, in words: what it is for, and what it holds where nobody sets it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.settings import Settings, name_of

_SAID = {  # defaults that depend on what lies where, or lie elsewhere on each machine
    "CANDOR_ENCODER": "`var/retriever/`, `models/retriever/` of the seeds, else `all-MiniLM-L6-v2`",
    "CANDOR_SEEDS_DIR": "those that come with Candor",
}


def all_fields() -> Iterator[tuple[str, FieldInfo]]:
    """Each setting by the name it is set by, those of groups one by one, in the order of the code."""
    for path, field in fields_by_path():
        yield name_of(*path), field


def fields_by_path() -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """The same by where it lies in `Settings`."""
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            yield from (((name, inner), each) for inner, each in group.model_fields.items())
        else:
            yield (name,), field


def default_of(name: str, field: FieldInfo) -> str:
    """In Markdown."""
    text = text_of(field.default)
    return _SAID.get(name) or (f"`{text}`" if text else "")


def text_of(value: Any) -> str:  # noqa: ANN401
    """A value as one sets it."""
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
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
