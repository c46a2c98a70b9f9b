"""Texts to unit vectors: the serving side of the encoder (onnxruntime and tokenizers, never torch)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from knowledge.types import FloatArray

DEFAULT_ENCODER = "all-MiniLM-L6-v2"


class EncoderFailed(Exception):
    """The encoder cannot be loaded, or did not answer. The message is for operators."""


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What is loaded, for `doctor` and for a release's manifest."""

    name: str
    dimension: int
    precision: str
    mean_cosine: float
    fingerprint: str
    sha256: str
    path: Path
    reason: str


class TextEncoder(Protocol):
    """A loaded encoder; blocking and thread-safe."""

    @property
    def info(self) -> EncoderInfo: ...

    @property
    def dimension(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimension). Raises `EncoderFailed`."""
        ...


def load_encoder(name: str, data_dir: Path, threads: int = 0) -> TextEncoder:
    """The encoder called `name`, exported below `data_dir` on first use. Blocks; raises `EncoderFailed`."""
    raise NotImplementedError
