"""Texts that ask much the same, from their vectors: average linkage, cut at a least mean cosine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from knowledge.types import FloatArray

_NEVER = np.float32(-2.0)  # below every cosine


def clustered(vectors: FloatArray, weights: NDArray[np.int64], least: float) -> NDArray[np.int64]:
    """A cluster's number for each row of `vectors` (unit rows), shape (n,), from 0, in the order of their
    first rows. Two clusters are joined while the mean cosine between their members is `least` or more; a row
    counts `weights` times. Takes 4 n² bytes meanwhile.

    Nearest neighbours are followed in a chain (Murtagh 1983), which joins in another order than the greedy
    way, and to the same result."""
    owner = np.arange(len(vectors))
    for kept, joined in _joins(vectors @ vectors.T, weights.astype(np.float32), np.float32(least)):
        owner[joined] = kept
    return _numbered(owner)


def central(vectors: FloatArray, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows, those first that are nearest to the mean of all."""
    order: NDArray[np.int64] = np.argsort(-(vectors @ (weights @ vectors)), kind="stable")
    return order


def _joins(cosines: FloatArray, sizes: NDArray[np.float32], least: np.float32) -> Iterator[tuple[int, int]]:
    """Which row was joined to which, (kept, joined). Row `kept` of `cosines` is from then on that of both;
    what nothing comes near any more is left out, since joining others brings none of them nearer."""
    np.fill_diagonal(cosines, _NEVER)
    is_open = cosines.max(axis=1, initial=_NEVER) >= least
    cosines[:, ~is_open] = _NEVER
    chain: list[int] = []
    while chain or is_open.any():
        tip = chain[-1] if chain else int(np.argmax(is_open))
        chain = chain or [tip]
        nearest = int(np.argmax(cosines[tip]))
        if len(chain) > 1 and cosines[tip, chain[-2]] >= cosines[tip, nearest]:
            nearest = chain[-2]  # of equally near ones, or the chain would never end
        if cosines[tip, nearest] < least:
            _leave_out(cosines, is_open, chain.pop())
        elif len(chain) > 1 and nearest == chain[-2]:
            del chain[-2:]
            _join(cosines, sizes, nearest, tip)
            _leave_out(cosines, is_open, tip)
            yield nearest, tip
        else:
            chain.append(nearest)


def _join(cosines: FloatArray, sizes: NDArray[np.float32], kept: int, joined: int) -> None:
    total = sizes[kept] + sizes[joined]
    row = (sizes[kept] * cosines[kept] + sizes[joined] * cosines[joined]) / total
    row[kept] = _NEVER
    cosines[kept], cosines[:, kept], sizes[kept] = row, row, total


def _leave_out(cosines: FloatArray, is_open: NDArray[np.bool_], row: int) -> None:
    is_open[row] = False
    cosines[:, row] = _NEVER


def _numbered(owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """The joins followed to their ends, and the clusters numbered as they come."""
    while not np.array_equal(further := owner[owner], owner):
        owner = further
    _, firsts, inverse = np.unique(owner, return_index=True, return_inverse=True)
    rank = np.empty(len(firsts), dtype=np.int64)
    rank[np.argsort(firsts)] = np.arange(len(firsts))
    numbered: NDArray[np.int64] = rank[inverse]
    return numbered
