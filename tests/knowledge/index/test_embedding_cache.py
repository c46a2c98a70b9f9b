from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, create_engine, func, select

from knowledge.encoders.types import EncoderFailed, EncoderInfo
from knowledge.index.embedding_cache import CachedEmbedder, StoredEmbedding
from knowledge.types import FloatArray


class SeededEncoder:
    """A unit vector for each text, from its characters; counts what it sees and may fail at a text."""

    dimension = 16

    def __init__(self, fingerprint: str = "one", fails_at: str | None = None) -> None:
        self.fingerprint = fingerprint
        self.info = EncoderInfo("seeded", 16, "float32", 1.0, fingerprint, "", Path(), "")
        self.seen: list[str] = []
        self.fails_at = fails_at

    def encode(self, texts: Sequence[str]) -> FloatArray:
        if self.fails_at in texts:
            raise EncoderFailed("stopped here")
        self.seen += texts
        rows = [np.random.default_rng(list(map(ord, text))).normal(size=16) for text in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), 16)
        unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'cache.sqlite'}")
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_equal_texts_are_encoded_once_and_rows_follow_the_texts(engine: Engine) -> None:
    encoder = SeededEncoder()

    result = CachedEmbedder(encoder, engine).embed(["a", "b", "a", ""])

    assert encoder.seen == ["a", "b", ""]
    assert (result.embedded, result.reused) == (3, 0)
    assert np.array_equal(result.vectors[0], result.vectors[2])
    assert np.allclose(np.sum(result.vectors * encoder.encode(["a", "b", "a", ""]), axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(result.vectors, axis=1), 1, atol=1e-6)


def test_only_what_is_new_is_encoded_and_vectors_do_not_depend_on_the_cache(engine: Engine) -> None:
    first = CachedEmbedder(SeededEncoder(), engine).embed(["a", "b"])
    encoder = SeededEncoder()

    second = CachedEmbedder(encoder, engine).embed(["b", "c", "a"])

    assert encoder.seen == ["c"]
    assert (second.embedded, second.reused) == (1, 2)
    assert np.array_equal(second.vectors[[2, 0]], first.vectors)


def test_another_encoder_shares_nothing(engine: Engine) -> None:
    CachedEmbedder(SeededEncoder("one"), engine).embed(["a"])

    assert CachedEmbedder(SeededEncoder("two"), engine).embed(["a"]).reused == 0


def test_nothing_to_embed(engine: Engine) -> None:
    result = CachedEmbedder(SeededEncoder(), engine).embed([])

    assert result.vectors.shape == (0, 16)
    assert (result.embedded, result.reused) == (0, 0)


def test_progress_counts_distinct_texts(engine: Engine) -> None:
    embedder = CachedEmbedder(SeededEncoder(), engine)
    embedder.embed(["0", "1"])
    seen: list[tuple[int, int]] = []

    embedder.embed([str(number % 600) for number in range(700)], lambda *step: seen.append(step))

    assert seen[0] == (2, 600)
    assert seen[-1] == (600, 600)
    assert seen == sorted(seen)
    assert len(seen) > 2


def test_a_build_that_stops_half_way_keeps_what_it_has(engine: Engine) -> None:
    texts = [str(number) for number in range(1000)]
    with pytest.raises(EncoderFailed):
        CachedEmbedder(SeededEncoder(fails_at="900"), engine).embed(texts)

    result = CachedEmbedder(SeededEncoder(), engine).embed(texts)

    assert 500 < result.reused < 900


def test_texts_that_no_encoding_takes_are_kept_apart(engine: Engine) -> None:
    embedder = CachedEmbedder(SeededEncoder(), engine)

    assert embedder.embed(["\ud800", "\ud801", "?"]).embedded == 3


def test_two_builds_may_store_the_same_text(engine: Engine) -> None:
    faster = CachedEmbedder(SeededEncoder(), engine)

    class Overtaken(SeededEncoder):
        def encode(self, texts: Sequence[str]) -> FloatArray:
            faster.embed(texts)
            return super().encode(texts)

    CachedEmbedder(Overtaken(), engine).embed(["a", "b"])

    with Session(engine) as session:
        assert session.exec(select(func.count()).select_from(StoredEmbedding)).one() == 2


def test_a_large_knowledge_base_is_looked_up_in_seconds(engine: Engine) -> None:
    class Constant(SeededEncoder):
        def encode(self, texts: Sequence[str]) -> FloatArray:
            return np.full((len(texts), 16), 0.25, dtype=np.float32)

    texts = [str(number) for number in range(20_000)]
    embedder = CachedEmbedder(Constant(), engine)
    embedder.embed(texts)
    start = time.perf_counter()

    assert embedder.embed(texts).reused == len(texts)
    assert time.perf_counter() - start < 4
