"""The knowledge base behind the chain's ports, its failures told in the chain's own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from app.turns import Chat
from knowledge.encoders.batching import BatchedEncoder
from knowledge.encoders.types import EncoderFailed
from knowledge.errors import NoLiveRelease
from knowledge.releases.releases import LiveRelease
from knowledge.types import FloatArray, Snapshot
from pipeline.errors import ModelUnavailable, RetrievalFailed
from pipeline.memory.reading import MemoryReader
from pipeline.ports import Say
from pipeline.types import Question, Reply


class ServingEncoder:
    """Implements `pipeline.ports.Encoder`."""

    def __init__(self, encoder: BatchedEncoder) -> None:
        self._encoder = encoder

    async def encode(self, texts: Sequence[str]) -> FloatArray:
        try:
            return await self._encoder.encode(texts)
        except EncoderFailed as error:
            raise ModelUnavailable(str(error)) from error

    async def close(self) -> None:
        await self._encoder.close()


_pinned: ContextVar[Snapshot | None] = ContextVar("the release of this turn", default=None)


@contextmanager
def pinned_to(snapshot: Snapshot) -> Iterator[None]:
    """Turns within this block know `snapshot` and nothing else."""
    token = _pinned.set(snapshot)
    try:
        yield
    finally:
        _pinned.reset(token)


class ServingKnowledge:
    """Implements `pipeline.ports.Knowledge`: the live release, or the one that a turn began with."""

    def __init__(self, live: LiveRelease) -> None:
        self._live = live

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Within this block, and the tasks begun in it, a swap goes unnoticed: the stages of one turn have to
        speak of the same entries and the same calibration."""
        if _pinned.get() is not None or not self._live.release_id:
            yield
            return
        with pinned_to(self._live.current):
            yield

    @property
    def current(self) -> Snapshot:
        if (snapshot := _pinned.get()) is not None:
            return snapshot
        try:
            return self._live.current
        except NoLiveRelease as error:
            raise RetrievalFailed(str(error)) from error


class Closable(Protocol):
    async def close(self) -> None: ...


class ServingChat:
    """The chain from the moment it is composed, which needs the models; a turn before that raises
    `ModelUnavailable`."""

    def __init__(self, knowledge: ServingKnowledge) -> None:
        self._knowledge = knowledge
        self._chat: Chat | None = None
        self._models: Closable | None = None
        self.reader: MemoryReader | None = None

    def use(self, chat: Chat, models: Closable, reader: MemoryReader | None = None) -> None:
        self._chat, self._models, self.reader = chat, models, reader

    async def close(self) -> None:
        """Ends the models' threads, once no turn runs any more."""
        if self._models is not None:
            await self._models.close()

    async def run(self, message_id: str, question: Question, say: Say) -> Reply:
        if self._chat is None:
            raise ModelUnavailable("the chain is not composed yet")
        with self._knowledge.pinned():
            return await self._chat.run(message_id, question, say)
