"""What a turn does with memory: it is given what is remembered, and afterwards what it said is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from app.memory.user_ids import User, user_of
from app.settings import Settings
from app.store.memory.store import MemoryStore
from app.store.storage import Storage
from pipeline.errors import PipelineError
from pipeline.memory.items import Item
from pipeline.memory.reading import MemoryReader
from pipeline.types import Message, Outcome, Reply

_RECALLED_S = 2.0  # then the turn goes on without
_log = logging.getLogger("candor.memory")


class Memory:
    """Off unless the owner allows it; a turn never fails for it. The reader comes with the models."""

    def __init__(
        self,
        settings: Settings,
        store: MemoryStore,
        storage: Storage,
        reader: Callable[[], MemoryReader | None],
    ) -> None:
        self.is_on = settings.memory
        self.store = store
        self._secret = settings.user_secret
        self._storage = storage
        self._reader = reader

    def user(self, user_id: str) -> User:
        """Raises a 403 or 422 `Problem`; see `user_of`."""
        return user_of(user_id, self._secret.get_secret_value() if self._secret else None)

    async def recall(self, user: User) -> tuple[Item, ...]:
        """What is remembered of a user; nothing where the database does not give it in time."""
        try:
            return await asyncio.wait_for(self._storage.run(self.store.recall, user.key), _RECALLED_S)
        except (SQLAlchemyError, TimeoutError) as error:
            _log.error("what is remembered cannot be read: %s", type(error).__name__)
            return ()

    async def told(self, user: User) -> tuple[str, ...]:
        """What was last replied to a user; nothing where the database does not give it in time."""
        try:
            return await asyncio.wait_for(self._storage.run(self.store.told, user.key), _RECALLED_S)
        except (SQLAlchemyError, TimeoutError):
            return ()

    async def read(self, message: str, history: Sequence[Message], reply: Reply) -> Sequence[Item]:
        """What to keep of a message; nothing of one that was declined, or raised an alarm."""
        reader = self._reader()
        if reader is None or reply.urgent or reply.outcome is Outcome.DECLINED:
            return ()
        try:
            return await reader(message, self.store.today, history)
        except PipelineError as error:
            _log.error("a message could not be read for memory: %s", type(error).__name__)
            return ()

    async def keep(self, user: User, message_id: str, said: Sequence[Item], begun: datetime) -> None:
        """Keeps what was said, behind the exchange that it was said in."""
        try:
            await self._storage.run(self.store.remember, user.key, message_id, said, begun)
        except SQLAlchemyError as error:
            self._storage.unstored("memory")
            _log.error("what was said could not be remembered: %s", type(error).__name__)
