"""Vectors that need not be computed twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from knowledge.encoder import TextEncoder
from knowledge.types import FloatArray


@dataclass(frozen=True, slots=True)
class EmbedResult:
    """`vectors` in the order of the texts, shape (n, dimension); how many distinct texts the model saw and
    how many came from the cache."""

    vectors: FloatArray
    embedded: int
    reused: int


class CachedEmbedder:
    """Embeds texts, keeping each vector under (encoder fingerprint, hash of the text)."""

    def __init__(self, encoder: TextEncoder, engine: Engine) -> None:
        raise NotImplementedError

    def embed(
        self, texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None
    ) -> EmbedResult:
        """Blocks. `on_progress(done, total)` counts distinct texts. Raises `EncoderFailed`."""
        raise NotImplementedError
