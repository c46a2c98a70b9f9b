"""One encoder shared by many concurrent turns."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from knowledge.encoder import EncoderFailed, TextEncoder
from knowledge.types import FloatArray

_BATCH_TEXTS = 64


class BatchedEncoder:
    """Encodes for concurrent callers off the event loop (`pipeline.ports.Encoder`, raising `EncoderFailed`).

    A text is encoded at once if the model is free. What arrives while it is busy forms the next batch, so
    nobody waits for a batch to fill. Recent vectors are kept: a turn asks for the same message several times.
    Belongs to one event loop."""

    def __init__(self, encoder: TextEncoder, cache_size: int = 4096) -> None:
        self._encoder = encoder
        self._cache_size = cache_size
        self._recent: OrderedDict[str, FloatArray] = OrderedDict()
        self._pending: dict[str, asyncio.Future[FloatArray]] = {}
        self._queue: list[str] = []
        self._worker: asyncio.Task[None] | None = None
        self._closed = False
        # One thread: the model spreads over the cores by itself.
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")

    async def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimension). Raises `EncoderFailed`.

        A cancelled call leaves alone the others that wait for the same text."""
        if self._closed:
            raise EncoderFailed("the encoder is closed")
        vectors = np.empty((len(texts), self._encoder.dimension), dtype=np.float32)
        waiting: dict[int, asyncio.Future[FloatArray]] = {}
        for row, text in enumerate(texts):
            known = self._recent.get(text)
            if known is None:
                waiting[row] = self._enqueue(text)
            else:
                self._recent.move_to_end(text)
                vectors[row] = known
        if waiting:
            await asyncio.wait(waiting.values())  # unlike gather, it does not cancel what others wait for
        for row, future in waiting.items():
            vectors[row] = future.result()
        return vectors

    async def close(self) -> None:
        """Finish what is queued, then refuse further calls."""
        self._closed = True
        if self._worker is not None:
            await asyncio.wait([self._worker])
        self._executor.shutdown()

    def _enqueue(self, text: str) -> asyncio.Future[FloatArray]:
        future = self._pending.get(text)
        if future is None:
            future = self._pending[text] = asyncio.get_running_loop().create_future()
            self._queue.append(text)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                batch, self._queue = self._queue[:_BATCH_TEXTS], self._queue[_BATCH_TEXTS:]
                try:
                    vectors = await loop.run_in_executor(self._executor, self._encoder.encode, batch)
                except EncoderFailed as error:
                    self._fail(batch, error)
                else:
                    self._settle(batch, vectors)
        finally:  # whatever went wrong, nobody waits forever
            self._queue.clear()
            self._fail(list(self._pending), EncoderFailed("the encoder stopped"))

    def _settle(self, batch: Sequence[str], vectors: FloatArray) -> None:
        for text, vector in zip(batch, vectors, strict=True):
            self._recent[text] = vector.copy()  # not a view, which would keep the whole batch
            self._pending.pop(text).set_result(self._recent[text])
        while len(self._recent) > self._cache_size:
            self._recent.popitem(last=False)

    def _fail(self, batch: Sequence[str], failure: EncoderFailed) -> None:
        for text in batch:
            future = self._pending.pop(text)
            future.set_exception(failure)
            future.exception()  # seen: its callers may all have been cancelled
