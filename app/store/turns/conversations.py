"""What was said in public: conversations, their exchanges, and what users thought of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, ColumnElement, Engine, Text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from app.store.database.db import UtcDateTime, now
from app.store.memory.rows import is_forgotten
from app.store.turns.choices import ChoiceRow, mark_chosen
from app.store.turns.turn_table import TurnRow
from learning.traces import read_steps
from pipeline.stages.relevance.chosen_question import CHOICE
from pipeline.types import Citation, Message, Outcome, Reply, Role

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
    user_key: str | None = Field(default=None, index=True, max_length=64)
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
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


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
    with its first exchange: a turn that fails leaves no conversation that nobody knows of. With a
    `user_key` it belongs to that user, who may ask to be forgotten after the turn had `begun`."""

    id: str
    history: tuple[Message, ...] = ()
    is_new: bool = False
    user_key: str | None = None
    begun: datetime | None = None


class ConversationStore:
    """The conversations of one database. Synchronous; safe to use from many threads. `entry_of` gives the id
    of the entry that asks a question; `masked` is what is kept of what a user wrote."""

    def __init__(
        self,
        engine: Engine,
        entry_of: Callable[[str], str | None] = lambda _question: None,
        masked: Callable[[str], str] = str,
    ) -> None:
        self._engine = engine
        self._entry_of = entry_of
        self._masked = masked

    def open(self, conversation_id: str | None, user_key: str | None = None) -> Opened:
        """Starts a conversation, or takes one up again. Raises `ConversationNotFound`, also where it is of
        another user."""
        begun = now()
        if conversation_id is None:
            return Opened(uuid4().hex, is_new=True, user_key=user_key, begun=begun)
        with Session(self._engine) as session:
            row = session.get(ConversationRow, conversation_id)
            if row is None or (user_key and row.user_key not in (None, user_key)):
                raise ConversationNotFound(conversation_id)
            latest = select(ExchangeRow.message, ExchangeRow.reply).where(
                ExchangeRow.conversation_id == conversation_id
            )
            rows = session.exec(latest.order_by(col(ExchangeRow.seq).desc()).limit(HISTORY_EXCHANGES)).all()
        return Opened(conversation_id, tuple(_messages(rows)), user_key=user_key, begun=begun)

    def add(self, opened: Opened, message_id: str, message: str, reply: Reply) -> None:
        """Keeps an exchange, and with the first one the conversation, which its turn's trace then belongs to.
        Raises `ConversationNotFound` where the conversation was deleted meanwhile."""
        row = ExchangeRow(
            message_id=message_id,
            conversation_id=opened.id,
            message=self._masked(message),
            reply=reply.text,
            outcome=reply.outcome.value,
            citations=[citation_fields(citation) for citation in reply.citations],
            suggestions=list(reply.suggestions),
        )
        with Session(self._engine) as session:
            if is_forgotten(session, opened.user_key, opened.begun):
                return
            if opened.is_new:
                _begin(session, opened, message_id)
            else:
                _take_up(session, opened.id, message, row)
                if opened.user_key:
                    its = update(ConversationRow).where(col(ConversationRow.id) == opened.id)
                    session.exec(its.values(user_key=opened.user_key))
            session.add(row)
            try:
                session.flush()
                session.add_all(self._offer(row, reply))
                session.commit()
            except IntegrityError:
                raise ConversationNotFound(opened.id) from None

    def _offer(self, row: ExchangeRow, reply: Reply) -> list[ChoiceRow]:
        """The choice that a reply leaves to the user; none where it asks nothing, or an entry is gone."""
        if reply.outcome is not Outcome.CLARIFY or not reply.suggestions:
            return []
        offered = [found for question in reply.suggestions if (found := self._entry_of(question))]
        if len(offered) < len(reply.suggestions):
            return []
        made = ChoiceRow(
            message_id=row.message_id,
            conversation_id=row.conversation_id,
            message=row.message,
            offered=offered,
        )
        return [made]

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
            kept = comment and self._masked(comment)
            session.merge(FeedbackRow(message_id=message_id, rating=rating.value, comment=kept))
            try:
                session.commit()
            except IntegrityError:
                raise MessageNotFound(message_id) from None


def _begin(session: Session, opened: Opened, message_id: str) -> None:
    """Makes a new conversation of its first turn, whose trace then belongs to it."""
    session.add(ConversationRow(id=opened.id, user_key=opened.user_key))
    session.flush()
    own = update(TurnRow).where(col(TurnRow.message_id) == message_id)
    session.exec(own.values(conversation_id=opened.id))


def _take_up(session: Session, conversation_id: str, message: str, row: ExchangeRow) -> None:
    """Notes where a message chooses among what the reply before it offered."""
    of_it = select(ExchangeRow).where(ExchangeRow.conversation_id == conversation_id)
    last = session.exec(of_it.order_by(col(ExchangeRow.seq).desc()).limit(1)).first()
    if last is not None and (offer := session.get(ChoiceRow, last.message_id)) is not None:
        steps = session.exec(select(TurnRow.steps).where(col(TurnRow.message_id) == row.message_id)).first()
        is_read = any(step.engine == CHOICE for step in read_steps(steps or ()).steps)
        cited = {str(citation["entry_id"]) for citation in row.citations} if is_read else set()
        mark_chosen(offer, last.suggestions, message, cited)


def has_no_exchange() -> ColumnElement[bool]:
    """The condition on `ConversationRow` that nothing is said in it any more."""
    its = select(ExchangeRow.seq).where(ExchangeRow.conversation_id == ConversationRow.id)
    return ~its.correlate(ConversationRow).exists()


def citation_fields(citation: Citation) -> dict[str, Any]:
    """A citation as the outside knows it."""
    return {name: getattr(citation, name) for name in ("index", "entry_id", "title", "url", "start", "end")}


def _messages(newest_first: Sequence[tuple[str, str]]) -> list[Message]:
    return [
        Message(role, text)
        for exchange in reversed(newest_first)
        for role, text in zip((Role.USER, Role.ASSISTANT), exchange, strict=True)
    ]
