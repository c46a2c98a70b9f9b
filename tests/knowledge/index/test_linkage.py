"""Average linkage: the clusters that scipy finds, whatever the order, and no more time than one can wait."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.index.linkage import central, clustered
from knowledge.types import FloatArray


def around(centres: int, rows: int, spread: float, seed: int) -> FloatArray:
    """Unit vectors scattered around some centres."""
    chance = np.random.default_rng(seed)
    middle = chance.normal(size=(centres, 24))
    vectors = middle[chance.integers(centres, size=rows)] + spread * chance.normal(size=(rows, 24))
    unit: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def same_clusters(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    together = [labels[:, None] == labels[None, :] for labels in (one, other)]
    return bool((together[0] == together[1]).all())


@pytest.mark.parametrize("seed", range(6))
def test_clusters_are_those_of_scipy(seed: int) -> None:
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    vectors = around(12, 150, 0.2 + 0.2 * seed, seed)
    distances = (1.0 - vectors.astype(float) @ vectors.T.astype(float))[np.triu_indices(150, 1)].clip(0)
    expected = hierarchy.fcluster(hierarchy.linkage(distances, "average"), 0.4, "distance")
    found = clustered(vectors, np.ones(150, np.int64), 0.6)
    assert same_clusters(found, expected)
    order = np.random.default_rng(seed).permutation(150)
    assert same_clusters(clustered(vectors[order], np.ones(150, np.int64), 0.6), found[order])


def test_a_weight_is_as_many_rows() -> None:
    vectors = around(5, 40, 0.7, 1)
    weights = np.random.default_rng(1).integers(1, 4, size=40)
    repeated = clustered(vectors.repeat(weights, axis=0), np.ones(weights.sum(), np.int64), 0.6)
    firsts = np.cumsum(weights) - weights
    assert same_clusters(clustered(vectors, weights, 0.6), repeated[firsts])


def test_few_rows_and_equal_ones() -> None:
    assert clustered(np.zeros((0, 4), np.float32), np.ones(0, np.int64), 0.6).tolist() == []
    one = np.eye(4, dtype=np.float32)
    assert clustered(one[:1], np.ones(1, np.int64), 0.6).tolist() == [0]
    assert clustered(one, np.ones(4, np.int64), 0.6).tolist() == [0, 1, 2, 3]
    assert clustered(one[[0, 1, 0, 1, 0]], np.ones(5, np.int64), 0.6).tolist() == [0, 1, 0, 1, 0]
    assert clustered(np.zeros((3, 4), np.float32), np.ones(3, np.int64), 0.6).tolist() == [0, 1, 2]


def test_the_middle_is_central() -> None:
    angles = np.array([0.0, 0.2, 0.4, 1.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert central(vectors, np.ones(4, np.int64))[0] == 2
    assert central(vectors, np.array([30, 1, 1, 1]))[0] == 0


def test_two_thousand_take_seconds_at_most() -> None:
    vectors = around(300, 2000, 0.8, 3)
    began = time.perf_counter()
    clustered(vectors, np.ones(2000, np.int64), 0.6)
    assert time.perf_counter() - began < 5
