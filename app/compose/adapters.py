"""The knowledge base behind the chain's ports, its failures told in the chain's own words."""

from __future__ import annotations

from collections.abc import Sequence
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
from pipeline.types import Question, Reply, TurnContext


class ServingEncoder:
    """Implements `pipeline.ports.Encoder`."""

    def __init__(self, encoder: BatchedEncoder) -> None:
        self._encoder = encoder

    async def encode(self, texts: Sequence[str], *, gives_way: bool = False) -> FloatArray:
        try:
            return await self._encoder.encode(texts, gives_way=gives_way)
        except EncoderFailed as error:
            raise ModelUnavailable(str(error)) from error

    async def close(self) -> None:
        await self._encoder.close()


class ServingKnowledge:
    """Implements `pipeline.ports.Knowledge`: the live release."""

    def __init__(self, live: LiveRelease) -> None:
        self._live = live

    @property
    def current(self) -> Snapshot:
        try:
            return self._live.current
        except NoLiveRelease as error:
            raise RetrievalFailed(str(error)) from error


class Closable(Protocol):
    async def close(self) -> None: ...


class ServingChat:
    """The chain from the moment it is composed, which needs the models; a turn before that raises
    `ModelUnavailable`."""

    def __init__(self) -> None:
        self._chat: Chat | None = None
        self._models: Closable | None = None
        self.reader: MemoryReader | None = None

    def use(self, chat: Chat, models: Closable, reader: MemoryReader | None = None) -> None:
        self._chat, self._models, self.reader = chat, models, reader

    async def close(self) -> None:
        """Ends the models' threads, once no turn runs any more."""
        if self._models is not None:
            await self._models.close()

    async def run(
        self, message_id: str, question: Question, say: Say, context: TurnContext | None = None
    ) -> Reply:
        if self._chat is None:
            raise ModelUnavailable("the chain is not composed yet")
        return await self._chat.run(message_id, question, say, context)
