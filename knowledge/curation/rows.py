"""The tables of entries and of their versions, and how an entry lies in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Text
from sqlmodel import Field, SQLModel

from knowledge.errors import StorageFailed
from knowledge.importing.records import Problems, entry_of, record_of
from knowledge.types import Entry


class EntryRow(SQLModel, table=True):
    """The table. `record` holds the whole entry; the other columns are what is filtered on. `content_by` is
    who last changed more than the status. `standing` is the version of it that is approved and still said
    while a change waits to be approved."""

    __tablename__ = "entries"

    id: str = Field(primary_key=True, max_length=100)
    topic: str = Field(index=True, max_length=100)
    status: str = Field(index=True, max_length=20)
    valid_until: date | None = Field(default=None, index=True)
    review_by: date | None = Field(default=None, index=True)
    searched_text: str = Field(sa_column=Column(Text, nullable=False))
    record: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    standing: int | None = None
    content_hash: str = Field(max_length=64)
    version: int = Field(default=1)
    content_by: str = Field(default="", max_length=100)
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))


class VersionRow(SQLModel, table=True):
    """Every state that an entry was ever in, counted from 1, with who made it so; `standing` as it was of the
    entry then. Rows are only added. Of a deletion the record is what was deleted."""

    __tablename__ = "entry_versions"

    entry_id: str = Field(primary_key=True, max_length=100)
    version: int = Field(primary_key=True)
    act: str = Field(max_length=20)
    author: str = Field(max_length=100)
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    comment: str = Field(sa_column=Column(Text, nullable=False))
    record: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    standing: int | None = None


def content_hash(entry: Entry) -> str:
    """SHA-256 (hex) over every field of the entry."""
    text = json.dumps(record_of(entry), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def values_of(entry: Entry) -> dict[str, Any]:
    """The columns that follow from the entry itself."""
    texts = (entry.id, entry.question, *entry.alternates, entry.answer)
    return {
        "id": entry.id,
        "topic": entry.topic,
        "status": entry.status.value,
        "valid_until": entry.valid_until,
        "review_by": entry.review_by,
        "searched_text": "\n".join(texts).casefold(),
        "record": record_of(entry),
        "content_hash": content_hash(entry),
        "updated_at": datetime.now(UTC),
    }


def entry_from(record: Mapping[str, Any]) -> Entry:
    """The entry of a stored record. Raises `StorageFailed` where it cannot be read."""
    problems = Problems()
    entry = entry_of(record, problems)
    if problems:
        raise StorageFailed(f'The stored entry "{entry.id}" cannot be read: {"; ".join(problems)}.')
    return entry
