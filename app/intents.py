"""What messages really ask: from made-up conversations, and from those that the service has had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.cli.failures import Failed
from app.conversations import ExchangeRow, FeedbackRow
from app.services import prepared_database
from app.settings import read_settings
from knowledge.entries import EntryStore
from learning.synthesis.intents import made_up, stored, write_intents
from pipeline.types import Message, Outcome, Role

_UP = "up"


def extract(out: Path, made: Sequence[Path], with_stored: bool) -> tuple[int, int]:
    """Writes what there is to `out`; how many messages, and how many that lean on their history. Raises
    `Failed` where there is none, and what reading raises."""
    intents = [intent for folder in made for intent in made_up(folder)]
    if with_stored:
        engine = prepared_database(read_settings())
        entries = {entry.id: entry for entry in EntryStore(engine).servable(date.today())}
        intents += stored(confirmed_exchanges(engine), entries)
    if not intents:
        raise Failed("There are no conversations to learn from.")
    return write_intents(out, intents)


def confirmed_exchanges(engine: Engine) -> Iterator[tuple[str, list[Message], str, tuple[str, ...]]]:
    """Each answered message that was rated up: its conversation's id, what was said before, itself, and the
    ids of the entries that its answer cited, in their order."""
    rated = (
        select(ExchangeRow)
        .join(FeedbackRow, col(FeedbackRow.message_id) == col(ExchangeRow.message_id))
        .where(FeedbackRow.rating == _UP, ExchangeRow.outcome == Outcome.ANSWERED.value)
        .order_by(col(ExchangeRow.seq))
    )
    with Session(engine) as session:
        for row in session.exec(rated).all():
            earlier = select(ExchangeRow).where(
                ExchangeRow.conversation_id == row.conversation_id, col(ExchangeRow.seq) < (row.seq or 0)
            )
            history = [
                message
                for each in session.exec(earlier.order_by(col(ExchangeRow.seq)))
                for message in (Message(Role.USER, each.message), Message(Role.ASSISTANT, each.reply))
            ]
            cited = tuple(dict.fromkeys(each["entry_id"] for each in row.citations))
            yield row.conversation_id, history, row.message, cited
