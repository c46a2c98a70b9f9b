"""Writing to the database beside the event loop, on threads of its own: where the database is locked, what
waits for it must not take the threads that searching and judging need."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

from app.store.turns.conversations import ConversationNotFound

_THREADS = 8
_HASHING_THREADS = 2  # as many as `app.store.curators.passwords` lets hash at once
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_log = logging.getLogger("candor.storage")


class Storage:
    """Runs blocking work on the database. `unstored` is told what could not be kept."""

    def __init__(self, unstored: Callable[[str], None]) -> None:
        self.unstored = unstored
        self._threads = ThreadPoolExecutor(_THREADS, "storage")
        self._hashing = ThreadPoolExecutor(_HASHING_THREADS, "passwords")
        self._late: set[asyncio.Task[Any]] = set()

    async def run(
        self, work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        return await _on(self._threads, partial(work, *given, **named))

    async def hashing(
        self, work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        """As `run`, for what hashes passwords: many who sign in wait for each other, and for nobody else."""
        return await _on(self._hashing, partial(work, *given, **named))

    def afterwards(self, work: Coroutine[Any, Any, _Result]) -> asyncio.Task[_Result]:
        """Begins what nobody shall wait for. How it fails is logged."""
        task = asyncio.create_task(work)
        self._late.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Waits for what was begun, also where nobody waits for it any more."""
        await self.idle()
        await asyncio.to_thread(self._hashing.shutdown)
        await asyncio.to_thread(self._threads.shutdown)

    async def idle(self) -> None:
        """Waits until nothing is late."""
        while self._late:
            await asyncio.wait(self._late)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._late.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, ConversationNotFound):
            _log.info("an exchange was not kept: its conversation was deleted meanwhile")
        else:
            _log.error("a reply was given, and could not be kept", exc_info=error)


async def _on(threads: ThreadPoolExecutor, work: Callable[[], _Result]) -> _Result:
    loop, context = (
        asyncio.get_running_loop(),
        copy_context(),
    )  # of the request's id alone, for logs: no turn's data
    return await loop.run_in_executor(threads, context.run, work)
