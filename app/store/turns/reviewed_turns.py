"""What the database holds to learn from: conversations, and turns that their users rated up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, col, select

from app.compose.seeds import Seeds
from app.settings import Settings
from app.store.turns.choices import taken_choices
from app.store.turns.conversations import ConversationRow, ExchangeRow, FeedbackRow, Rating
from app.store.turns.turn_table import TurnRow
from knowledge.entries import EntryStore
from learning.finetuning.stage_sets import Choice, ReviewedTurn, Surroundings
from learning.traces import read_steps
from learning.voice.transcripts import Conversation
from pipeline.types import Message, Outcome, Question, Role

_MARKER = re.compile(r" ?\[\d+\]")


def stored_conversations(engine: Engine) -> list[Conversation]:
    """Every stored conversation in which no reply was rated down, without citation marks."""
    down = _rated(engine, Rating.DOWN)
    return [
        tuple(said for row in rows for said in _said(row))
        for _, rows in _conversations(engine)
        if not any(row.message_id in down for row in rows)
    ]


def approved_turns(engine: Engine) -> list[ReviewedTurn]:
    """Every turn rated up whose trace is kept, with the conversation before it."""
    up = _rated(engine, Rating.UP)
    with Session(engine) as session:
        traced = select(TurnRow.message_id, TurnRow.steps).where(col(TurnRow.message_id).in_(up))
        steps = dict(session.exec(traced).all())
    return [
        _turn(name, rows[:place], row, steps[row.message_id])
        for name, rows in _conversations(engine)
        for place, row in enumerate(rows)
        if row.message_id in steps
    ]


def confirmed_exchanges(engine: Engine) -> Iterator[tuple[str, list[Message], str, tuple[str, ...]]]:
    """Each answered message that was rated up: its conversation's id, what was said before, itself, and the
    ids of the entries that its answer cited, in their order."""
    up = _rated(engine, Rating.UP)
    for name, rows in _conversations(engine):
        history: list[Message] = []
        for row in rows:
            if row.message_id in up and row.outcome == Outcome.ANSWERED:
                cited = dict.fromkeys(str(citation["entry_id"]) for citation in row.citations)
                yield name, [*history], row.message, tuple(cited)
            history += (Message(Role.USER, row.message), Message(Role.ASSISTANT, row.reply))


def user_choices(engine: Engine) -> list[tuple[str, Choice]]:
    """Every choice that a user made among entries that are still there, with its conversation's id."""
    there = {entry.id for entry in EntryStore(engine).all()}
    with Session(engine) as session:
        theirs = set(
            session.exec(select(ConversationRow.id).where(col(ConversationRow.user_key).is_not(None)))
        )
        return [
            (row.conversation_id, Choice(row.message, row.chosen, row.offered))
            for row in taken_choices(session)
            if row.chosen in there and row.conversation_id not in theirs
        ]


def surroundings(engine: Engine, settings: Settings) -> Surroundings:
    """The entries as they are now, and the names of their topics. Raises `SettingsError`."""
    words = Seeds.read(settings)
    entries = {entry.id: entry for entry in EntryStore(engine).all()}
    used = {entry.topic for entry in entries.values()}
    return Surroundings(
        entries, tuple(label for topic, label in words.topics.items() if topic in used), words.style
    )


def _conversations(engine: Engine) -> Iterator[tuple[str, list[ExchangeRow]]]:
    with Session(engine) as session:
        ordered = (
            select(ExchangeRow)
            .where(_of_nobody_known())
            .order_by(col(ExchangeRow.conversation_id), col(ExchangeRow.seq))
        )
        for name, rows in groupby(session.exec(ordered), key=lambda row: row.conversation_id):
            yield name, list(rows)


def _of_nobody_known() -> ColumnElement[bool]:
    """What users say who are remembered, and what is said to them, is nothing to learn from."""
    theirs = select(ConversationRow.id).where(col(ConversationRow.user_key).is_not(None))
    return col(ExchangeRow.conversation_id).not_in(theirs)


def _rated(engine: Engine, rating: Rating) -> set[str]:
    """The ids of the messages."""
    with Session(engine) as session:
        return set(session.exec(select(FeedbackRow.message_id).where(FeedbackRow.rating == rating.value)))


def _turn(
    name: str, before: list[ExchangeRow], row: ExchangeRow, steps: Sequence[Mapping[str, Any]]
) -> ReviewedTurn:
    history = tuple(said for earlier in before for said in _said(earlier))
    cited = {citation["index"]: citation["entry_id"] for citation in row.citations}
    return ReviewedTurn(name, Question(row.message, history), row.reply, read_steps(steps), cited)


def _said(row: ExchangeRow) -> tuple[Message, Message]:
    reply = _MARKER.sub("", row.reply)
    return Message(Role.USER, row.message), Message(Role.ASSISTANT, reply)
