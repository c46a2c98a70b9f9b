"""What was said in public: conversations, their exchanges, and what users thought of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, Engine, Text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from app.db import UtcDateTime, now
from app.turn_table import TurnRow
from pipeline.types import Citation, Message, Reply, Role

HISTORY_EXCHANGES = 25


class ConversationNotFound(LookupError):
    """There is no such conversation, or no longer."""


class MessageNotFound(LookupError):
    """There is no such message, or no longer."""


class Rating(StrEnum):
    UP = "up"
    DOWN = "down"


class ConversationRow(SQLModel, table=True):
    __tablename__ = "conversations"

    id: str = Field(primary_key=True, max_length=64)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ExchangeRow(SQLModel, table=True):
    """A message with its reply, in one row: however requests overlap, the two stay together, in order."""

    __tablename__ = "exchanges"

    seq: int | None = Field(default=None, primary_key=True)
    message_id: str = Field(unique=True, max_length=64)
    conversation_id: str = Field(
        foreign_key="conversations.id", ondelete="CASCADE", index=True, max_length=64
    )
    message: str = Field(sa_type=Text)
    reply: str = Field(sa_type=Text)
    outcome: str = Field(max_length=32)
    citations: list[dict[str, Any]] = Field(sa_type=JSON)
    suggestions: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class FeedbackRow(SQLModel, table=True):
    __tablename__ = "feedback"

    message_id: str = Field(
        primary_key=True, foreign_key="exchanges.message_id", ondelete="CASCADE", max_length=64
    )
    rating: str = Field(max_length=8)
    comment: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation ready for its next turn, with its latest messages, oldest first. A new one is stored
    with its first exchange: a turn that fails leaves no conversation that nobody knows of."""

    id: str
    history: tuple[Message, ...] = ()
    is_new: bool = False


class ConversationStore:
    """The conversations of one database. Synchronous; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, conversation_id: str | None) -> Opened:
        """Starts a conversation, or takes one up again. Raises `ConversationNotFound`."""
        if conversation_id is None:
            return Opened(uuid4().hex, is_new=True)
        with Session(self._engine) as session:
            if session.get(ConversationRow, conversation_id) is None:
                raise ConversationNotFound(conversation_id)
            latest = select(ExchangeRow.message, ExchangeRow.reply).where(
                ExchangeRow.conversation_id == conversation_id
            )
            rows = session.exec(latest.order_by(col(ExchangeRow.seq).desc()).limit(HISTORY_EXCHANGES)).all()
        return Opened(conversation_id, tuple(_messages(rows)))

    def add(self, opened: Opened, message_id: str, message: str, reply: Reply) -> None:
        """Keeps an exchange, and with the first one the conversation, which its turn's trace then belongs to.
        Raises `ConversationNotFound` where the conversation was deleted meanwhile."""
        row = ExchangeRow(
            message_id=message_id,
            conversation_id=opened.id,
            message=message,
            reply=reply.text,
            outcome=reply.outcome.value,
            citations=[citation_fields(citation) for citation in reply.citations],
            suggestions=list(reply.suggestions),
        )
        with Session(self._engine) as session:
            if opened.is_new:
                session.add(ConversationRow(id=opened.id))
                session.flush()
                own = update(TurnRow).where(col(TurnRow.message_id) == message_id)
                session.exec(own.values(conversation_id=opened.id))
            session.add(row)
            try:
                session.commit()
            except IntegrityError:
                raise ConversationNotFound(opened.id) from None

    def exchanges(self, conversation_id: str) -> list[ExchangeRow]:
        """All of a conversation, oldest first. Raises `ConversationNotFound`."""
        with Session(self._engine) as session:
            if session.get(ConversationRow, conversation_id) is None:
                raise ConversationNotFound(conversation_id)
            query = select(ExchangeRow).where(ExchangeRow.conversation_id == conversation_id)
            return list(session.exec(query.order_by(col(ExchangeRow.seq))))

    def delete(self, conversation_id: str) -> None:
        """Deletes a conversation with its exchanges, feedback and traces. Raises `ConversationNotFound`."""
        with Session(self._engine) as session:
            gone = session.exec(delete(ConversationRow).where(col(ConversationRow.id) == conversation_id))
            session.commit()
        if not gone.rowcount:
            raise ConversationNotFound(conversation_id)

    def rate(self, message_id: str, rating: Rating, comment: str | None) -> None:
        """Keeps what a user thought of a reply; the last word counts. Raises `MessageNotFound`."""
        with Session(self._engine) as session:
            session.merge(FeedbackRow(message_id=message_id, rating=rating.value, comment=comment))
            try:
                session.commit()
            except IntegrityError:
                raise MessageNotFound(message_id) from None


def citation_fields(citation: Citation) -> dict[str, Any]:
    """A citation as the outside knows it."""
    return {name: getattr(citation, name) for name in ("index", "entry_id", "title", "url", "start", "end")}


def _messages(newest_first: Sequence[tuple[str, str]]) -> list[Message]:
    return [
        Message(role, text)
        for exchange in reversed(newest_first)
        for role, text in zip((Role.USER, Role.ASSISTANT), exchange, strict=True)
    ]
