"""Entries in SQL: the one truth about what may be answered. Everything else is derived from here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Engine

from knowledge.types import Entry, EntryStatus


class ApplyMode(StrEnum):
    UPSERT = "upsert"  # create and update what is named, leave the rest
    REPLACE = "replace"  # afterwards the store holds exactly what is named


@dataclass(frozen=True, slots=True)
class ApplyCounts:
    created: int
    updated: int
    unchanged: int
    removed: int


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page of entries ordered by id; `total` counts all that match."""

    entries: tuple[Entry, ...]
    total: int
    offset: int
    limit: int


def content_hash(entry: Entry) -> str:
    """SHA-256 (hex) over every field of the entry."""
    raise NotImplementedError


class EntryStore:
    """The entries of one database. Synchronous; safe to use from many threads.

    Tables are created by `SQLModel.metadata.create_all(engine)` once this module is imported."""

    def __init__(self, engine: Engine) -> None: ...

    def get(self, entry_id: str) -> Entry:
        """Raises `EntryNotFound`."""
        raise NotImplementedError

    def page(
        self,
        *,
        topic: str | None = None,
        status: EntryStatus | None = None,
        text: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> EntryPage:
        """Entries that match all filters given. `text` is looked for, whatever its case, in id, question,
        answer and alternates."""
        raise NotImplementedError

    def all(self) -> Iterator[Entry]:
        """Every entry, drafts and archived ones too, ordered by id."""
        raise NotImplementedError

    def servable(self, today: date) -> list[Entry]:
        """Approved and unexpired entries, ordered by id: what a release is made from."""
        raise NotImplementedError

    def count(self) -> int:
        raise NotImplementedError

    def create(self, entry: Entry) -> Entry:
        """Raises `EntryExists`."""
        raise NotImplementedError

    def update(self, entry: Entry) -> Entry:
        """Replaces the entry that has this id. Raises `EntryNotFound`."""
        raise NotImplementedError

    def delete(self, entry_id: str) -> None:
        """Raises `EntryNotFound`."""
        raise NotImplementedError

    def apply(self, entries: Sequence[Entry], mode: ApplyMode) -> ApplyCounts:
        """Writes all or nothing, in one transaction."""
        raise NotImplementedError
