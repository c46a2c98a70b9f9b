"""What users said goes when it is old: out of the tables, and out of the file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel, col, delete, select

from app.store.database import sqlite_file
from app.store.database.db import now
from app.store.database.schema import backups_of
from app.store.memory.rows import ForgottenRow
from app.store.storage import Storage
from app.store.turns.conversations import ConversationRow, ExchangeRow, has_no_exchange
from app.store.turns.turn_table import TurnRow

_EVERY_S = 3600.0
_AT_ONCE = 500  # rows a transaction: turns are being stored meanwhile
_log = logging.getLogger("candor.retention")


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted: exchanges with their feedback, choices and what was remembered of them, traces, and
    copies of the database that were made before an upgrade."""

    exchanges: int = 0
    traces: int = 0
    backups: int = 0

    def __bool__(self) -> bool:
        return bool(self.exchanges or self.traces or self.backups)


def purge(engine: Engine, before: datetime) -> Purged:
    """Deletes what was said before an instant, and conversations in which nothing is left. Raises what the
    database raises; what is deleted by then stays so."""
    exchanges = _delete(engine, ExchangeRow, ExchangeRow.seq, col(ExchangeRow.created_at) < before)
    _delete(engine, ForgottenRow, ForgottenRow.user_key, col(ForgottenRow.forgotten_at) < before)
    traces = _delete(engine, TurnRow, TurnRow.message_id, col(TurnRow.created_at) < before)
    old = col(ConversationRow.created_at) < before
    _delete(engine, ConversationRow, ConversationRow.id, old & has_no_exchange())
    file = sqlite_file.file_of(engine)
    copies = [copy for copy in backups_of(file) if copy.stat().st_mtime < before.timestamp()] if file else []
    for copy in copies:
        copy.unlink(missing_ok=True)
    return Purged(exchanges, traces, len(copies))


def _delete(engine: Engine, table: type[SQLModel], key: Any, old: ColumnElement[bool]) -> int:  # noqa: ANN401
    column = col(key)
    total = 0
    while True:
        with Session(engine) as session, session.begin():
            keys = session.exec(select(column).where(old).limit(_AT_ONCE)).all()
            session.exec(delete(table).where(column.in_(keys)))
        total += len(keys)
        if len(keys) < _AT_ONCE:
            return total


class Purging:
    """Purges every hour; nothing where no time is set. `purged` is told what and how many."""

    def __init__(
        self,
        engine: Engine,
        storage: Storage,
        days: float | None,
        purged: Callable[[str, int], None],
    ) -> None:
        self._engine = engine
        self._storage = storage
        self._days = days
        self._purged = purged
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._days is not None:
            self._task = asyncio.create_task(self._run(timedelta(days=self._days)))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, age: timedelta) -> None:
        while True:
            try:
                await self._storage.run(self._once, age)
            except (SQLAlchemyError, OSError):
                _log.exception("what is too old to be kept could not be deleted")
                self._storage.unstored("purge")
            await asyncio.sleep(_EVERY_S)

    def _once(self, age: timedelta) -> None:
        if not (done := purge(self._engine, now() - age)):
            return
        shrink(self._engine)
        for what in ("exchanges", "traces", "backups"):
            self._purged(what, getattr(done, what))
        _log.info("deleted for their age: %d exchanges, %d traces", done.exchanges, done.traces)


def shrink(engine: Engine, *, whole: bool = False) -> None:
    """Gives the room of what was deleted back to the disk: bit by bit, so that turns are stored meanwhile, or
    as a whole. The log of SQLite is emptied: it holds pages as they were."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(
                "VACUUM exchanges, turns, conversations, feedback, choice, embedding, memory_item"
            )
            return
        sqlite_file.vacuum(connection, whole=whole)
