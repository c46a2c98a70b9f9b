"""The table of traces, apart from those who write it: a conversation takes its first turn's trace with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, SQLModel

from app.store.database.db import UtcDateTime, now


class TurnRow(SQLModel, table=True):
    """A turn. `conversation_id` is empty for one that failed before its conversation had an exchange;
    `user_key` says whose it is, where a user is remembered."""

    __tablename__ = "turns"
    __table_args__ = (Index("ix_turns_created_at_outcome", "created_at", "outcome"),)

    message_id: str = Field(primary_key=True, max_length=64)
    conversation_id: str | None = Field(
        default=None, foreign_key="conversations.id", ondelete="CASCADE", index=True, max_length=64
    )
    user_key: str | None = Field(default=None, index=True, max_length=64)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    question: str = Field(sa_type=Text)
    outcome: str | None = Field(default=None, max_length=32, index=True)
    release_id: str = Field(max_length=128)
    elapsed_ms: float
    steps: list[dict[str, Any]] = Field(sa_type=JSON)
