"""The traces of all turns: for administrators, and gone with the conversation they belong to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Engine, func, outerjoin
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import Session, col, delete, select

from app.store.memory.rows import is_forgotten
from app.store.storage import Storage
from app.store.turns.asking import Wanted, cites
from app.store.turns.conversations import (
    ConversationRow,
    ExchangeRow,
    FeedbackRow,
    MessageNotFound,
    has_no_exchange,
)
from app.store.turns.turn_table import TurnRow
from pipeline.types import Keeping, TurnContext

_log = logging.getLogger("candor.traces")


@dataclass(frozen=True, slots=True)
class TurnPage:
    """One page of turns, newest first, without their steps; `total` counts all that match."""

    turns: tuple[dict[str, Any], ...]
    total: int


class TraceStore:
    """Implements the chain's `TraceSink`. `observe` is told each step's name and milliseconds; `masked` is
    what is kept of what a trace holds."""

    def __init__(
        self,
        engine: Engine,
        storage: Storage,
        observe: Callable[[str, float], None],
        masked: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda trace: trace,
    ) -> None:
        self._engine = engine
        self._storage = storage
        self._observe = observe
        self._masked = masked
        self._writing: dict[str, asyncio.Task[None]] = {}

    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        """Begins to keep a turn's trace, and does not wait for it: an alarm must leave whatever the database
        does. What goes wrong is logged and counted: a turn does not fail for its trace."""
        for step in trace["steps"]:
            self._observe(step["step"], step["elapsed_ms"])
        if context.heard is not None:
            context.heard(trace)
        if context.keeping is not None:
            message_id = trace["id"]
            writing = self._storage.run(self._write, trace, context.keeping)
            self._writing[message_id] = task = self._storage.afterwards(writing)
            task.add_done_callback(lambda _: self._writing.pop(message_id, None))

    async def settled(self, message_id: str) -> None:
        """Waits until the trace of this turn, if there is one, is written or given up."""
        if writing := self._writing.get(message_id):
            await asyncio.wait({writing})

    def _write(self, trace: Mapping[str, Any], keeping: Keeping) -> None:
        trace = self._masked(trace)
        row = TurnRow(
            message_id=trace["id"],
            conversation_id=keeping.conversation_id,
            user_key=keeping.user_key,
            question=trace["question"],
            outcome=trace["outcome"],
            release_id=trace["release_id"],
            elapsed_ms=round(sum(step["elapsed_ms"] for step in trace["steps"]), 3),
            steps=trace["steps"],
        )
        try:
            with Session(self._engine) as session:
                if is_forgotten(session, keeping.user_key, keeping.began):
                    return
                session.add(row)
                session.commit()
        except IntegrityError:
            _log.info("turn %s not kept: its conversation was deleted meanwhile", trace["id"])
        except SQLAlchemyError:
            self._storage.unstored("trace")
            _log.exception("turn %s not kept", trace["id"])

    def page(self, wanted: Wanted | None = None, *, offset: int = 0, limit: int = 50) -> TurnPage:
        """Turns that match all filters given; `text` is looked for in the question."""
        names = "message_id conversation_id created_at question outcome release_id elapsed_ms".split()
        columns = (*(getattr(TurnRow, name) for name in names), FeedbackRow.rating)
        rated = outerjoin(TurnRow, FeedbackRow, col(FeedbackRow.message_id) == TurnRow.message_id)
        newest = (col(TurnRow.created_at).desc(), col(TurnRow.message_id))
        with Session(self._engine) as session:
            ids, total = _found(session, wanted or Wanted(), newest, offset, limit)
            its = select(*columns).select_from(rated).where(col(TurnRow.message_id).in_(ids))
            rows = session.execute(its.order_by(*newest)) if ids else ()
            turns = tuple(dict(zip((*names, "rating"), row, strict=True)) for row in rows)
            return TurnPage(turns, total)

    def get(self, message_id: str) -> dict[str, Any]:
        """A turn with its steps, what it cost, and the feedback on it. Raises `MessageNotFound`."""
        with Session(self._engine) as session:
            row, feedback = session.get(TurnRow, message_id), session.get(FeedbackRow, message_id)
            if row is None:
                raise MessageNotFound(message_id)
            told = {
                "usage": _usage(row.steps),
                "feedback": feedback and feedback.model_dump(exclude={"message_id"}),
            }
            return {**row.model_dump(), **told}

    def delete(self, message_id: str) -> None:
        """Deletes a turn, whatever is kept of it: its trace, its exchange with feedback and choice, and a
        conversation that has no other. Raises `MessageNotFound`."""
        with Session(self._engine) as session, session.begin():
            trace = session.exec(delete(TurnRow).where(col(TurnRow.message_id) == message_id))
            said = select(ExchangeRow).where(ExchangeRow.message_id == message_id)
            exchange = session.exec(said).first()
            if exchange is not None:
                session.delete(exchange)
                session.flush()
                its = col(ConversationRow.id) == exchange.conversation_id
                session.exec(delete(ConversationRow).where(its, has_no_exchange()))
            elif not trace.rowcount:
                raise MessageNotFound(message_id)


def _found(
    session: Session, wanted: Wanted, order: Sequence[Any], offset: int, limit: int
) -> tuple[Sequence[str], int]:
    """The ids of one page, and how many there are: where the page is the last one, nothing is counted."""
    conditions, of = _conditions(wanted), cast(Any, TurnRow)
    if wanted.rating:
        of = outerjoin(TurnRow, FeedbackRow, col(FeedbackRow.message_id) == TurnRow.message_id)
    query = select(TurnRow.message_id).select_from(of).where(*conditions).order_by(*order)
    ids = session.exec(query.offset(offset).limit(limit)).all()
    if len(ids) < limit and (ids or not offset):
        return ids, offset + len(ids)
    return ids, session.exec(select(func.count()).select_from(of).where(*conditions)).one()


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    asked, cited = col(TurnRow.created_at), select(ExchangeRow.message_id).where(cites(wanted.entry_id or ""))
    found: list[ColumnElement[bool] | None] = [
        asked >= wanted.since if wanted.since else None,
        asked < wanted.until if wanted.until else None,
        col(TurnRow.outcome) == wanted.outcome if wanted.outcome else None,
        col(FeedbackRow.rating) == wanted.rating.value if wanted.rating else None,
        col(TurnRow.message_id).in_(cited) if wanted.entry_id else None,
        col(TurnRow.release_id) == wanted.release_id if wanted.release_id else None,
        col(TurnRow.question).icontains(wanted.text, autoescape=True) if wanted.text else None,
    ]
    return [condition for condition in found if condition is not None]


def _usage(steps: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What the turn's calls to a language model came to."""
    calls = [call for step in steps for call in step.get("calls", ())]
    counted = ("prompt_tokens", "completion_tokens", "elapsed_ms", "cost")
    return {"calls": len(calls), **{name: sum(call[name] for call in calls) for name in counted}}
