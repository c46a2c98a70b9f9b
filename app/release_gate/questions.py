"""What the gate asks two releases: gold questions, what users rated, what they asked lately, and the entries
that a change touches."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.store.gold import Gold
from app.store.turns.conversations import HISTORY_EXCHANGES, ExchangeRow, FeedbackRow, MessageNotFound, Rating
from knowledge.types import Entry
from pipeline.types import Message, Outcome, Question, Role

TOUCHED = 200
RATED = 1_000  # anybody may rate: more would make each release wait
"""At most so many new and changed entries are asked for by their own question, picked by lot."""
_SEED = 20261129
_Item = TypeVar("_Item")


class Source(StrEnum):
    """Where a question is from. What comes first is kept where two ask the same."""

    GOLD = "gold"
    RATED = "rated"
    TOUCHED = "touched"
    RECENT = "recent"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to both releases. `ref` is the id of the gold question, the message or the entry; any of
    `entry_ids` is right, or else `outcome`, where it is known what is right."""

    source: Source
    ref: str
    question: Question
    entry_ids: tuple[str, ...] = ()
    outcome: Outcome | None = None
    rating: Rating | None = None

    @property
    def message_id(self) -> str | None:
        """Of what a user said: it goes where the message goes."""
        return self.ref if self.source in (Source.RATED, Source.RECENT) else None


def gathered(*groups: Iterable[Asked]) -> list[Asked]:
    """All of them, each question once."""
    found: dict[tuple[str, tuple[Message, ...]], Asked] = {}
    for asked in (asked for group in groups for asked in group):
        found.setdefault((asked.question.text, asked.question.history), asked)
    return list(found.values())


def of_gold(golds: Iterable[Gold]) -> Iterator[Asked]:
    for gold in golds:
        if gold.active:
            question = Question(gold.question, gold.history)
            yield Asked(Source.GOLD, gold.id, question, gold.entry_ids, gold.outcome)


def of_touched(entries: Mapping[str, Entry], touched: Collection[str]) -> Iterator[Asked]:
    """Each new or changed entry's question, word for word: that entry is right for it."""
    for entry_id in _drawn(sorted(touched), TOUCHED):
        question = Question(entries[entry_id].question)
        yield Asked(Source.TOUCHED, entry_id, question, (entry_id,), Outcome.ANSWERED)


def rated(engine: Engine) -> list[Asked]:
    """The messages whose replies were rated last, oldest first, with the conversation before each."""
    with Session(engine) as session:
        joined = select(ExchangeRow, FeedbackRow.rating).join(
            FeedbackRow, col(FeedbackRow.message_id) == col(ExchangeRow.message_id)
        )
        rows = session.exec(joined.order_by(col(ExchangeRow.seq).desc()).limit(RATED)).all()
        return [
            Asked(Source.RATED, row.message_id, _question(session, row), rating=Rating(rating))
            for row, rating in reversed(rows)
        ]


def recent(engine: Engine, most: int) -> list[Asked]:
    """The newest `most` different messages, with the conversation before each."""
    found: dict[str, ExchangeRow] = {}
    with Session(engine) as session:
        newest = select(ExchangeRow).order_by(col(ExchangeRow.seq).desc())
        for row in session.exec(newest.limit(most * 10)) if most else ():
            found.setdefault(row.message, row)
            if len(found) >= most:
                break
        return [Asked(Source.RECENT, row.message_id, _question(session, row)) for row in found.values()]


def question_of(engine: Engine, message_id: str) -> Question:
    """A stored message with the conversation before it. Raises `MessageNotFound`."""
    with Session(engine) as session:
        row = session.exec(select(ExchangeRow).where(ExchangeRow.message_id == message_id)).first()
        if row is None:
            raise MessageNotFound(message_id)
        return _question(session, row)


def _question(session: Session, row: ExchangeRow) -> Question:
    before = select(ExchangeRow.message, ExchangeRow.reply).where(
        ExchangeRow.conversation_id == row.conversation_id, col(ExchangeRow.seq) < row.seq
    )
    latest = session.exec(before.order_by(col(ExchangeRow.seq).desc()).limit(HISTORY_EXCHANGES)).all()
    history = [
        Message(role, text)
        for said in reversed(latest)
        for role, text in zip((Role.USER, Role.ASSISTANT), said, strict=True)
    ]
    return Question(row.message, tuple(history))


def _drawn(items: list[_Item], most: int) -> list[_Item]:
    return items if len(items) <= most else random.Random(_SEED).sample(items, most)  # noqa: S311
