"""Vectors that need not be computed twice."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, col, delete, select

from knowledge.encoders.types import TextEncoder
from knowledge.errors import ReleaseUnusable, StorageFailed
from knowledge.releases.files import read_texts
from knowledge.types import FloatArray

_LOOKUP = 1000  # hashes a query
_STORED = "<f2"
_SLICE = 256  # texts encoded between two commits
_log = logging.getLogger("candor.embedding")


class StoredEmbedding(SQLModel, table=True):
    """One text's vector by one encoder, as little-endian float16: half the space, and an error (1e-4) far
    below what quantisation costs."""

    __tablename__ = "embedding"

    encoder: str = Field(primary_key=True)
    text_hash: bytes = Field(primary_key=True)
    vector: bytes


@dataclass(frozen=True, slots=True)
class EmbedResult:
    """`vectors` in the order of the texts, shape (n, dimension), unit rows; how many distinct texts the model
    saw (`embedded`) and how many came from the cache (`reused`)."""

    vectors: FloatArray
    embedded: int
    reused: int


class Unused:
    """The vectors that only some releases used, by their folders: read before these are removed."""

    def __init__(self, removed: Iterable[Path], kept: Iterable[Path]) -> None:
        self._hashes = _hashes(removed)
        if self._hashes:
            self._hashes -= _hashes(kept)

    def forget(self, engine: Engine, encoders: Iterable[str], in_use: Set[str]) -> None:
        """Removes their vectors by `encoders`; by an encoder that is not `in_use` any more, all that there
        are. In short transactions: conversations are being stored meanwhile. Raises `StorageFailed`."""
        vector = delete(StoredEmbedding)
        try:
            for encoder in encoders:
                its = vector.where(col(StoredEmbedding.encoder) == encoder)
                parts = _slices(list(self._hashes), _LOOKUP) if encoder in in_use else [None]
                for part in parts:
                    chosen = its if part is None else its.where(col(StoredEmbedding.text_hash).in_(part))
                    with Session(engine) as session, session.begin():
                        session.exec(chosen)
        except SQLAlchemyError as error:
            raise StorageFailed("The vectors of removed releases cannot be removed.") from error


def _hashes(folders: Iterable[Path]) -> set[bytes]:
    found: set[bytes] = set()
    for folder in folders:
        with suppress(ReleaseUnusable):
            found.update(map(_hash, read_texts(folder)))
    return found


class CachedEmbedder:
    """Embeds texts, keeping each vector under (encoder fingerprint, hash of the text). Where the database
    fails, texts are embedded all the same."""

    def __init__(self, encoder: TextEncoder, engine: Engine) -> None:
        self._encoder = encoder
        self._engine = engine

    def embed(
        self, texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None
    ) -> EmbedResult:
        """Blocks. `on_progress(done, total)` counts distinct texts. What is embedded is committed slice by
        slice: a build that is killed starts again where it stopped. Raises `EncoderFailed`."""
        rows: dict[bytes, list[int]] = {}
        for row, text in enumerate(texts):
            rows.setdefault(_hash(text), []).append(row)
        vectors = np.empty((len(texts), self._encoder.dimension), dtype=np.float32)
        missing = dict.fromkeys(rows)
        report = on_progress or _say_nothing
        for text_hash, vector in self._stored(list(rows)):
            vectors[rows[text_hash]] = vector
            del missing[text_hash]
        reused = len(rows) - len(missing)
        report(reused, len(rows))
        done = reused
        for part in _slices(list(missing), _SLICE):
            fresh = self._encode_and_store(part, [texts[rows[text_hash][0]] for text_hash in part])
            for text_hash, vector in zip(part, fresh, strict=True):
                vectors[rows[text_hash]] = vector
            done += len(part)
            report(done, len(rows))
        return EmbedResult(vectors, embedded=len(missing), reused=reused)

    def _stored(self, hashes: Sequence[bytes]) -> Iterator[tuple[bytes, FloatArray]]:
        known = select(StoredEmbedding.text_hash, StoredEmbedding.vector).where(
            StoredEmbedding.encoder == self._encoder.fingerprint
        )
        with Session(self._engine) as session:
            for part in _slices(hashes, _LOOKUP):
                try:
                    found = session.exec(known.where(col(StoredEmbedding.text_hash).in_(part))).all()
                except SQLAlchemyError as error:
                    _log.warning("the embedding cache cannot be read: %s", type(error).__name__)
                    return
                yield from zip((row[0] for row in found), _unpack([row[1] for row in found]), strict=True)

    def _encode_and_store(self, hashes: Sequence[bytes], texts: Sequence[str]) -> FloatArray:
        """The vectors as they will be read back, so that a release does not depend on what was cached."""
        blobs = [vector.astype(_STORED).tobytes() for vector in self._encoder.encode(texts)]
        rows = [
            {"encoder": self._encoder.fingerprint, "text_hash": text_hash, "vector": blob}
            for text_hash, blob in zip(hashes, blobs, strict=True)
        ]
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        try:
            with Session(self._engine) as session:
                # Another build may have stored the same text meanwhile.
                session.execute(dialect.insert(StoredEmbedding).on_conflict_do_nothing(), rows)
                session.commit()
        except SQLAlchemyError as error:
            _log.warning("the embedding cache cannot be written: %s", type(error).__name__)
        return _unpack(blobs)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _unpack(blobs: Sequence[bytes]) -> FloatArray:
    """Unit rows; none for no blobs."""
    if not blobs:
        return np.empty((0, 0), dtype=np.float32)
    vectors = np.frombuffer(b"".join(blobs), dtype=_STORED).reshape(len(blobs), -1).astype(np.float32)
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _slices(items: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _say_nothing(done: int, total: int) -> None:
    pass
