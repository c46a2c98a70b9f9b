"""What a user was offered who was torn between entries, and which of it he chose: how people word it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import JSON, Text
from sqlmodel import Field, Session, SQLModel, col, select

from app.store.database.db import UtcDateTime, now

_APART = re.compile(r"\W+")


class ChoiceRow(SQLModel, table=True):
    """`offered` are entries' ids, in the order of showing; `chosen` is one of them, or none. `message` is
    what was said before the choice was offered."""

    __tablename__ = "choice"

    message_id: str = Field(
        primary_key=True, foreign_key="exchanges.message_id", ondelete="CASCADE", max_length=64
    )
    conversation_id: str = Field(
        foreign_key="conversations.id", ondelete="CASCADE", index=True, max_length=64
    )
    message: str = Field(sa_type=Text)
    offered: list[str] = Field(sa_type=JSON)
    chosen: str | None = Field(default=None, max_length=100)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


def is_same(message: str, question: str) -> bool:
    """Whether a message is an offered question, sent back as it was or typed anew."""
    said, shown = (_APART.sub(" ", text.casefold()).strip() for text in (message, question))
    return said == shown


def mark_chosen(
    offer: ChoiceRow, questions: Sequence[str], message: str, answered_by: Collection[str] = ()
) -> None:
    """Notes which offer a message took up, if any; `questions` are what was shown, in the same order.
    `answered_by` are the entries that answered it, where the chain read it as a choice ("1", "the dog")."""
    for entry_id, question in zip(offer.offered, questions, strict=False):
        if is_same(message, question):
            offer.chosen = entry_id
            return
    if len(answered_by) == 1 and (only := next(iter(answered_by))) in offer.offered:
        offer.chosen = only


def taken_choices(session: Session) -> Sequence[ChoiceRow]:
    """Every offer that was taken up, by conversation, oldest first."""
    taken = select(ChoiceRow).where(col(ChoiceRow.chosen).is_not(None))
    return session.exec(taken.order_by(col(ChoiceRow.conversation_id), col(ChoiceRow.created_at))).all()
