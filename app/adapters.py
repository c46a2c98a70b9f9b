"""The knowledge base behind the chain's ports, its failures told in the chain's own words."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.batching import BatchedEncoder
from knowledge.encoder import EncoderFailed
from knowledge.errors import NoLiveRelease
from knowledge.releases import LiveRelease
from knowledge.types import FloatArray, Snapshot
from pipeline.errors import ModelUnavailable, RetrievalFailed


class ServingEncoder:
    """Implements `pipeline.ports.Encoder`. The model is loaded after the service started, then given by
    `use`; until then every call raises `ModelUnavailable`."""

    def __init__(self) -> None:
        self._encoder: BatchedEncoder | None = None

    def use(self, encoder: BatchedEncoder) -> None:
        self._encoder = encoder

    async def encode(self, texts: Sequence[str]) -> FloatArray:
        if self._encoder is None:
            raise ModelUnavailable("the encoder is not loaded yet")
        try:
            return await self._encoder.encode(texts)
        except EncoderFailed as error:
            raise ModelUnavailable(str(error)) from error

    async def close(self) -> None:
        if self._encoder is not None:
            await self._encoder.close()


class ServingKnowledge:
    """Implements `pipeline.ports.Knowledge`."""

    def __init__(self, live: LiveRelease) -> None:
        self._live = live

    @property
    def current(self) -> Snapshot:
        try:
            return self._live.current
        except NoLiveRelease as error:
            raise RetrievalFailed(str(error)) from error
