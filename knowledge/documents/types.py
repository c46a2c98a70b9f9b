"""A document as what can be answered from it: its sections, each under its headings."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from knowledge.types import KnowledgeError

_MISSING = (
    "{} cannot be read: the extra `documents` is not installed ({} is missing)."
    " Install it with: pip install 'candor-chat[documents]'."
)


class DocumentUnreadable(KnowledgeError):
    """A document cannot be taken in. The message is a sentence that names it."""

    def __init__(self, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail
        super().__init__(f"{name}: {detail}.")


class DocumentsRejected(KnowledgeError):
    """Nothing was imported: `faults` tells of each document that cannot be read why not."""

    def __init__(self, faults: Sequence[DocumentUnreadable]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"Nothing was imported: {' '.join(map(str, faults[:3]))}")


class ConverterMissing(KnowledgeError):
    """A package of the extra `documents` is not installed."""


class DocumentNotFound(KnowledgeError):
    def __init__(self, document_id: str) -> None:
        super().__init__(f'There is no document "{document_id}".')


@dataclass(frozen=True, slots=True)
class Part:
    """A heading (`level` from 1, outermost) or, at level 0, the Markdown between two headings, from `page`,
    counted from 1. A heading without text ends the one of its level that is open."""

    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Markdown that stands under the headings of `path`, outermost first; `page` is the one on which it
    begins. `asks`: its own heading is a question, and it the answer."""

    path: tuple[str, ...]
    text: str
    page: int | None = None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """`name` is the file's path below what was imported, or the page's address; `url` is '' of a file.
    `digest` is the SHA-256 (hex) of its bytes; `notes` say in plain English what was left out."""

    name: str
    title: str
    sections: tuple[Section, ...]
    digest: str
    url: str = ""
    pages: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What a converter makes of a file."""

    parts: tuple[Part, ...]
    title: str = ""
    pages: int | None = None
    notes: tuple[str, ...] = ()


def converter(module: str, kind: str) -> Any:  # noqa: ANN401
    """The package that reads this kind of document, imported now. Raises `ConverterMissing`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about extras of its own
            return import_module(module)
    except ModuleNotFoundError as error:
        raise ConverterMissing(_MISSING.format(kind, error.name)) from None
