"""An exported encoder: texts to unit vectors by onnxruntime and tokenizers, never torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from knowledge.encoders.model_store import StoredModel
from knowledge.encoders.onnx_session import OnnxSession
from knowledge.errors import EncoderFailed
from knowledge.types import FloatArray

_BATCH_CHARACTERS = 4096  # padded characters a batch: about 60 short questions or 8 passages, measured best
_BATCH_TEXTS = 64


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What is loaded, for `doctor` and for a release's manifest.

    `precision` is int8, float32 or pytorch, and `reason` says why where it is not int8; `mean_cosine` is to
    the original model's vectors, measured at export; `sha256` is of the exported model; `path` its folder."""

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
    def fingerprint(self) -> str:
        """Equal fingerprints: vectors that may be compared, cached and mixed."""
        ...

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimension). Raises `EncoderFailed`."""
        ...


def describe(stored: StoredModel) -> EncoderInfo:
    manifest = stored.manifest
    return EncoderInfo(
        name=manifest.name,
        dimension=manifest.dimension,
        precision=manifest.precision,
        mean_cosine=manifest.mean_cosine,
        fingerprint=stored.fingerprint,
        sha256=manifest.files.get("model.onnx") or manifest.files.get("weights.npz", ""),
        path=stored.folder,
        reason=manifest.reason,
    )


class OnnxEncoder:
    """An exported encoder. Pooling and normalisation are part of the graph."""

    def __init__(self, stored: StoredModel, threads: int) -> None:
        from tokenizers import Tokenizer

        self.info = describe(stored)
        self.dimension = self.info.dimension
        self.fingerprint = self.info.fingerprint
        self._session = OnnxSession(stored.folder / "model.onnx", threads, EncoderFailed)
        manifest = stored.manifest
        self._tokenizer = Tokenizer.from_file(str(stored.folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(manifest.max_tokens)
        self._tokenizer.enable_padding(pad_id=manifest.pad_id, pad_token=manifest.pad_token)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimension). Raises `EncoderFailed`."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for rows in _batches([len(text) for text in texts]):
            vectors[rows] = self._run([texts[row] for row in rows])
        return vectors

    def _run(self, texts: Sequence[str]) -> FloatArray:
        # Lone surrogates are no text: the tokenizer takes none.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        tokens = self._tokenizer.encode_batch_fast(clean)
        feed = {
            "input_ids": np.array([each.ids for each in tokens], dtype=np.int64),
            "attention_mask": np.array([each.attention_mask for each in tokens], dtype=np.int64),
        }
        return self._session.run(feed)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers in batches of similar length, shortest first: little padding, about equal work."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) == _BATCH_TEXTS or (len(batch) + 1) * lengths[row] > _BATCH_CHARACTERS):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
