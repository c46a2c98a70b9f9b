"""A model as sentence-transformers runs it: for what cannot be exported, and as the measure of what can."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.encoders.onnx_encoder import EncoderInfo
from knowledge.types import FloatArray

MAX_TOKENS = 256  # passages are cut for this window, whatever a model could take


class TorchEncoder:
    """A model as sentence-transformers runs it: for those that cannot be exported."""

    def __init__(self, source: Path, info: EncoderInfo) -> None:
        self.info = info
        self.dimension = info.dimension
        self.fingerprint = info.fingerprint
        self._model = load_original(source)
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimension)."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock:
            return encode_original(self._model, texts)


def load_original(source: Path, **model_kwargs: str) -> Any:  # noqa: ANN401 (sentence-transformers is not typed)
    """The model in `source` as a `SentenceTransformer`, on the processor, without a look at the network."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model = SentenceTransformer(str(source), device="cpu", local_files_only=True, model_kwargs=model_kwargs)
    model.max_seq_length = min(model.max_seq_length or MAX_TOKENS, MAX_TOKENS)
    return model


def encode_original(model: Any, texts: Sequence[str]) -> FloatArray:  # noqa: ANN401
    """Unit rows, shape (len(texts), dimension)."""
    vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)
