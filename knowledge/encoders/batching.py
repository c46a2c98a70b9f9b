"""One model shared by many concurrent turns."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import numpy as np

from knowledge.encoders.types import EncoderFailed, TextEncoder
from knowledge.index.recent import may_be_told_to_forget
from knowledge.types import FloatArray, KnowledgeError

_BATCH_ITEMS = 64
_SMALL_BATCH_ITEMS = 8  # of work that gives way: so much has to be waited for by what comes first
_Item = TypeVar("_Item", bound=Hashable)


class MicroBatcher(Generic[_Item]):
    """Runs a blocking model, one row an item, for concurrent callers off the event loop.

    An item is worked on at once if the model is free. What arrives while it is busy forms the next batch, so
    nobody waits for a batch to fill. What `gives_way` is worked on in small batches, when nothing else waits.
    Recent rows are kept: turns ask for the same items again and again.
    `run` gives shape (len(items), width) and raises `failure`. Belongs to one event loop."""

    def __init__(
        self,
        name: str,
        run: Callable[[Sequence[_Item]], FloatArray],
        width: int,
        failure: type[KnowledgeError],
        cache_size: int = 4096,
    ) -> None:
        self._name = name
        self._run = run
        self._width = width
        self._failure = failure
        self._cache_size = cache_size
        self._recent: OrderedDict[_Item, FloatArray] = OrderedDict()
        self._pending: dict[_Item, asyncio.Future[FloatArray]] = {}
        self._queue: list[_Item] = []
        self._giving_way: list[_Item] = []
        self._worker: asyncio.Task[None] | None = None
        self._closed = False
        # One thread: the model spreads over the cores by itself.
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        may_be_told_to_forget(self)

    def forget(self) -> None:
        """Keeps no row any longer. Another one is begun rather than this one emptied: it may be in use."""
        self._recent = OrderedDict()

    async def rows(self, items: Sequence[_Item], *, gives_way: bool = False) -> FloatArray:
        """A row an item, shape (len(items), width), the caller's own copy. Raises `failure`.

        A cancelled call leaves alone the others that wait for the same item."""
        if self._closed:
            raise self._failure(f"the {self._name} is closed")
        rows = np.empty((len(items), self._width), dtype=np.float32)
        waiting: dict[int, asyncio.Future[FloatArray]] = {}
        for place, item in enumerate(items):
            recent = self._recent
            known = recent.get(item)
            if known is None:
                waiting[place] = self._enqueue(item, gives_way)
            else:
                recent.move_to_end(item)
                rows[place] = known
        if waiting:
            await asyncio.wait(waiting.values())  # unlike gather, it does not cancel what others wait for
        for place, future in waiting.items():
            rows[place] = future.result()
        return rows

    async def close(self) -> None:
        """Finish what is queued, then refuse further calls."""
        self._closed = True
        if self._worker is not None:
            await asyncio.wait([self._worker])
        self._executor.shutdown()

    def _enqueue(self, item: _Item, gives_way: bool) -> asyncio.Future[FloatArray]:
        future = self._pending.get(item)
        if future is None:
            future = self._pending[item] = asyncio.get_running_loop().create_future()
            (self._giving_way if gives_way else self._queue).append(item)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while batch := self._next_batch():
                try:
                    rows = await loop.run_in_executor(self._executor, self._run, batch)
                except self._failure as error:
                    self._fail(batch, error)
                else:
                    self._settle(batch, rows)
        finally:  # whatever went wrong, nobody waits forever
            self._queue.clear()
            self._giving_way.clear()
            self._fail(list(self._pending), self._failure(f"the {self._name} stopped"))

    def _next_batch(self) -> list[_Item]:
        queue, most = (self._queue, _BATCH_ITEMS) if self._queue else (self._giving_way, _SMALL_BATCH_ITEMS)
        batch, queue[:] = queue[:most], queue[most:]
        return batch

    def _settle(self, batch: Sequence[_Item], rows: FloatArray) -> None:
        recent = self._recent
        for item, row in zip(batch, rows, strict=True):
            recent[item] = row.copy()  # not a view, which would keep the whole batch
            self._pending.pop(item).set_result(recent[item])
        while len(recent) > self._cache_size:
            recent.popitem(last=False)

    def _fail(self, batch: Sequence[_Item], failure: KnowledgeError) -> None:
        for item in batch:
            future = self._pending.pop(item)
            future.set_exception(failure)
            future.exception()  # seen: its callers may all have been cancelled


class BatchedEncoder:
    """An encoder for concurrent callers (`pipeline.ports.Encoder`, raising `EncoderFailed`)."""

    def __init__(self, encoder: TextEncoder, cache_size: int = 4096) -> None:
        self._batcher = MicroBatcher[str](
            "encoder", encoder.encode, encoder.dimension, EncoderFailed, cache_size
        )

    async def encode(self, texts: Sequence[str], *, gives_way: bool = False) -> FloatArray:
        """Unit rows, shape (len(texts), dimension). Raises `EncoderFailed`."""
        return await self._batcher.rows(texts, gives_way=gives_way)

    async def close(self) -> None:
        """Finish what is queued, then refuse further calls."""
        await self._batcher.close()
