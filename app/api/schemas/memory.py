"""What is remembered of a user, as types."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel

from pipeline.memory.items import HOLDS, Item


class MemoryItemBody(BaseModel):
    """`about` is empty for the user; `until`: the last day on which it holds, where it ends by itself."""

    id: str
    kind: str
    value: str
    about: str
    since: date
    until: date | None
    text: str
    message_id: str

    @classmethod
    def of(cls, item: Item) -> Self:
        limit = HOLDS[item.kind]
        return cls(
            id=item.id,
            kind=item.kind.value,
            value=item.value,
            about=item.about,
            since=item.since,
            until=item.since + limit if limit else None,
            text=item.text,
            message_id=item.message_id,
        )


class MemoryBody(BaseModel):
    items: list[MemoryItemBody]
