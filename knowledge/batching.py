"""One encoder shared by many concurrent turns."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.encoder import TextEncoder
from knowledge.types import FloatArray


class BatchedEncoder:
    """Encodes for concurrent callers in micro-batches, off the event loop."""

    def __init__(self, encoder: TextEncoder, cache_size: int = 4096) -> None:
        raise NotImplementedError

    async def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimension). Raises `EncoderFailed`."""
        raise NotImplementedError

    async def close(self) -> None:
        """Wait for the batch under way and refuse further calls."""
        raise NotImplementedError
