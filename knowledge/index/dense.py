"""Nearest passages by cosine, with FAISS: exact while that is fast, an inverted file beyond."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from knowledge.types import FloatArray

EXACT_LIMIT = 50_000
"""Above this many vectors an exact search takes more than about 10 ms a query on one core."""
MIN_RECALL = 0.97
_PROBED_QUERIES = 200
_RECALL_DEPTH = 20
_TRAINED_PER_LIST = 64  # more vectors make the training longer, not the lists better


class DenseIndex:
    """Inner product over unit vectors. Searching is safe from any thread.

    `recall` is the share of the true 20 nearest that it finds, measured at build; 1 where it is exact."""

    def __init__(self, index: Any, recall: float = 1.0) -> None:  # noqa: ANN401 - FAISS ships no types
        self._index = index
        self.recall = recall

    def __len__(self) -> int:
        return len(self._index) if self.is_exact else int(self._index.ntotal)

    @classmethod
    def build(cls, vectors: FloatArray, exact_limit: int = EXACT_LIMIT) -> Self:
        """An index of `vectors`, shape (n, dimension), unit rows; row numbers are what a search returns."""
        if len(vectors) <= exact_limit:
            return cls.exact(vectors)
        import faiss

        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        lists = int(2 * np.sqrt(len(vectors)))
        index: Any = faiss.index_factory(vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        index.cp.min_points_per_centroid = 1  # a small set is fine: do not warn about it
        index.cp.max_points_per_centroid = _TRAINED_PER_LIST
        index.train(vectors)
        index.add(vectors)
        return cls(index, _tune(index, vectors))

    @classmethod
    def exact(cls, vectors: FloatArray) -> Self:
        """An index that compares a query with every vector: the vectors themselves, not a copy of them."""
        return cls(vectors)

    @property
    def is_exact(self) -> bool:
        return isinstance(self._index, np.ndarray)

    @classmethod
    def load(cls, file: Path, recall: float = 1.0) -> Self:
        """Raises `RuntimeError` where the file is not an index."""
        import faiss

        return cls(faiss.read_index(str(file)), recall)

    def save(self, file: Path) -> None:
        import faiss

        faiss.write_index(self._index, str(file))

    def nearest(self, vector: FloatArray, count: int) -> NDArray[np.int64]:
        """Row numbers of the `count` nearest vectors, best first; fewer where there are fewer."""
        if self.is_exact:
            return _best(self._index @ vector, count)
        _, rows = self._index.search(np.ascontiguousarray(vector, dtype=np.float32)[None, :], count)
        found: NDArray[np.int64] = rows[0][rows[0] >= 0]
        return found


def _best(cosines: FloatArray, count: int) -> NDArray[np.int64]:
    every = np.arange(len(cosines))
    rows = np.argpartition(-cosines, count)[:count] if count < len(cosines) else every
    best: NDArray[np.int64] = rows[np.argsort(-cosines[rows], kind="stable")]
    return best


def _tune(index: Any, vectors: FloatArray) -> float:  # noqa: ANN401
    """Lets it search as many lists as `MIN_RECALL` takes on noisy copies of its vectors; gives the recall."""
    rng = np.random.default_rng(0)
    picked = vectors[rng.choice(len(vectors), min(_PROBED_QUERIES, len(vectors)), replace=False)]
    queries = picked + rng.normal(0, 0.5 / np.sqrt(picked.shape[1]), picked.shape).astype(np.float32)
    truth = np.array([_best(cosines, _RECALL_DEPTH) for cosines in queries @ vectors.T])
    index.nprobe = 8
    while True:
        _, found = index.search(queries, _RECALL_DEPTH)
        shared = [len(set(a) & set(b)) for a, b in zip(truth.tolist(), found.tolist(), strict=True)]
        recall = sum(shared) / (len(queries) * _RECALL_DEPTH)
        if recall >= MIN_RECALL or index.nprobe >= index.nlist:
            return recall
        index.nprobe = min(index.nprobe * 2, index.nlist)
