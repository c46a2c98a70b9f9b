"""What is remembered of users: kept, given back, and forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from app.memory.caches import forget_texts
from app.store.database import sqlite_file
from app.store.database.db import now
from app.store.database.schema import backups_of
from app.store.memory.rows import ForgottenRow, MemoryRow, is_forgotten
from app.store.turns.conversations import ConversationRow, ExchangeRow
from app.store.turns.turn_table import TurnRow
from learning.personal_data import holds_personal_data, masked
from pipeline.memory.items import Item, remembered

MOST = 50
"""Items that are kept of one user, the oldest of which go, and replies that are looked back at."""


class ItemNotFound(LookupError):
    """This user has no such item, or no longer."""


class MemoryStore:
    """The memory of one database. Synchronous; safe to use from many threads. Personal data is masked before
    anything is kept. `clock` tells the time."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self.clock = clock

    @property
    def today(self) -> date:
        return self.clock().date()

    def recall(self, user_key: str) -> tuple[Item, ...]:
        """What holds today, as it is today, said first first."""
        with Session(self._engine) as session:
            rows = session.exec(_of(user_key)).all()
        items = (row.item() for row in rows)
        return tuple(item.on(self.today) for item in items if item.holds(self.today))

    def told(self, user_key: str) -> tuple[str, ...]:
        """What was last replied to a user, in whatever conversation, newest first."""
        query = (
            select(ExchangeRow.reply)
            .join(ConversationRow, col(ConversationRow.id) == ExchangeRow.conversation_id)
            .where(ConversationRow.user_key == user_key)
            .order_by(col(ExchangeRow.seq).desc())
            .limit(MOST)
        )
        with Session(self._engine) as session:
            return tuple(session.exec(query).all())

    def remember(self, user_key: str, message_id: str, said: Sequence[Item], begun: datetime) -> None:
        """Keeps what a message said, in place of what it outdates, and deletes what holds no more. Nothing
        where the user was forgotten since the turn had `begun`."""
        with Session(self._engine) as session, session.begin():
            if is_forgotten(session, user_key, begun) or not _is_kept(session, message_id):
                return
            kept = [row.item() for row in session.exec(_of(user_key))]
            over = [item for item in kept if not item.holds(self.today)]
            gone, added = remembered([item for item in kept if item not in over], _masked(said))
            room = [*kept][: max(0, len(kept) - len(gone) + len(added) - MOST)]
            dropped = {item.id for item in (*over, *gone, *room)}
            session.exec(delete(MemoryRow).where(col(MemoryRow.id).in_(dropped)))
            session.add_all(_row(user_key, message_id, item, self.clock()) for item in added)

    def delete(self, user_key: str, item_id: str) -> None:
        """Raises `ItemNotFound`."""
        with Session(self._engine) as session, session.begin():
            its = col(MemoryRow.id) == item_id, col(MemoryRow.user_key) == user_key
            if not session.exec(delete(MemoryRow).where(*its)).rowcount:
                raise ItemNotFound(item_id)
        _empty_log(self._engine)
        forget_texts()

    def forget(self, user_key: str) -> None:
        """Deletes all that is kept of a user, conversations and traces included, also from copies that were
        made before an upgrade; and what turns under way would still keep. SQLite's log and free pages hold
        nothing of it afterwards."""
        with Session(self._engine) as session, session.begin():
            session.exec(delete(MemoryRow).where(col(MemoryRow.user_key) == user_key))
            session.exec(delete(TurnRow).where(col(TurnRow.user_key) == user_key))
            session.exec(delete(ConversationRow).where(col(ConversationRow.user_key) == user_key))
            session.merge(ForgottenRow(user_key=user_key, forgotten_at=self.clock()))
        _empty_log(self._engine)
        file = sqlite_file.file_of(self._engine)
        for copy in backups_of(file) if file else ():
            _forget_in_copy(copy, user_key)
        forget_texts()


def _is_kept(session: Session, message_id: str) -> bool:
    found = select(ExchangeRow.seq).where(ExchangeRow.message_id == message_id)
    return session.exec(found).first() is not None


def _of(user_key: str) -> SelectOfScalar[MemoryRow]:
    return (
        select(MemoryRow)
        .where(MemoryRow.user_key == user_key)
        .order_by(col(MemoryRow.said_at), col(MemoryRow.id))
    )


def _masked(said: Sequence[Item]) -> list[Item]:
    """Who it is about is no matter of theirs; an item that is nothing but personal data is none."""
    clean = []
    for item in said:
        value, fact, text, about = masked([item.value, item.fact, item.text, item.about])
        if value == item.value or len(value.split()) > 1:
            clean.append(replace(item, value=value, fact=fact, text=text, about=about))
    return [item for item in clean if not holds_personal_data(item.about)]


def _row(user_key: str, message_id: str, item: Item, at: datetime) -> MemoryRow:
    return MemoryRow(
        id=uuid4().hex,
        user_key=user_key,
        kind=item.kind.value,
        about=item.about,
        value=item.value,
        fact=item.fact,
        days=item.days,
        since=item.since,
        said_at=at,
        message_id=message_id,
        text=item.text,
    )


def _empty_log(engine: Engine) -> None:
    """Deleted rows are overwritten in the file; its log still holds pages as they were."""
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()


def _forget_in_copy(copy: object, user_key: str) -> None:
    """A copy of before there was memory holds nothing that is known to be of a user."""
    with closing(sqlite3.connect(str(copy))) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA foreign_keys=ON")
        known = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if "memory_item" in known:
            for table in ("memory_item", "turns", "conversations"):
                connection.execute(f"DELETE FROM {table} WHERE user_key = ?", (user_key,))  # noqa: S608
            connection.commit()
            connection.execute("VACUUM")
