"""The tables of what is remembered. Users are known by a digest of their id: who reads the database can open
nobody's memory with what it holds."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel

from app.store.database.db import UtcDateTime, now
from pipeline.memory.items import Item, Kind


class MemoryRow(SQLModel, table=True):
    """An item; see `pipeline.memory.items.Item`. It goes with the message that it was said in."""

    __tablename__ = "memory_item"

    id: str = Field(primary_key=True, max_length=32)
    user_key: str = Field(index=True, max_length=64)
    kind: str = Field(max_length=16)
    about: str = Field(max_length=100)
    value: str = Field(sa_type=Text)
    fact: str = Field(sa_type=Text)
    days: int
    since: date
    said_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    message_id: str = Field(foreign_key="exchanges.message_id", ondelete="CASCADE", index=True, max_length=64)
    text: str = Field(sa_type=Text)

    def item(self) -> Item:
        return Item(
            Kind(self.kind),
            self.value,
            self.fact,
            self.said_at.date(),
            self.since,
            self.about,
            self.days,
            self.text,
            id=self.id,
            message_id=self.message_id,
        )


class ForgottenRow(SQLModel, table=True):
    """When a user asked to be forgotten: a turn that began before leaves nothing."""

    __tablename__ = "forgotten_user"

    user_key: str = Field(primary_key=True, max_length=64)
    forgotten_at: datetime = Field(sa_type=UtcDateTime)


def is_forgotten(session: Session, user_key: str | None, since: datetime | None) -> bool:
    """Whether a user asked to be forgotten after an instant."""
    row = session.get(ForgottenRow, user_key) if user_key and since else None
    return row is not None and since is not None and row.forgotten_at >= since
