"""The measures of the reports. All take rows and, where a bootstrap asks, many weightings of them at once:
`weights` has the shape (..., rows), the result its leading dimensions (none without weights: a number).
What is not defined, as the AUROC of one class alone, is NaN."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""A measure of fixed rows as a function of their weights, (..., rows) to (...)."""

BINS = 10


def share(values: ArrayLike, among: ArrayLike, weights: Floats | None = None) -> Floats:
    """The mean of `values` over the rows `among` which it is asked (a mask)."""
    mask = np.asarray(among, dtype=np.float64)
    wanted = np.asarray(values, dtype=np.float64) * mask
    counted = _weights(weights, len(mask))
    return _ratio(counted @ wanted, counted @ mask)


def precision_recall(
    probabilities: ArrayLike, positive: ArrayLike, threshold: float, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Of the rows at or above the threshold the share that is positive, and of the positive rows the share
    at or above it."""
    flagged = np.asarray(probabilities, dtype=np.float64) >= threshold
    return share(positive, flagged, weights), share(flagged, positive, weights)


def auroc(scores: ArrayLike, positive: ArrayLike, weights: Floats | None = None) -> Floats:
    """How often a positive row scores above a negative one; a tie counts half (Mann and Whitney 1947)."""
    order, starts = _ties(np.asarray(scores, dtype=np.float64))
    if not len(order):
        return _undefined(weights)
    truth = np.asarray(positive, dtype=np.float64)[order]
    counted = _weights(weights, len(order))[..., order]
    ups = np.add.reduceat(counted * truth, starts, axis=-1)
    downs = np.add.reduceat(counted * (1 - truth), starts, axis=-1)
    below = np.cumsum(downs, axis=-1) - downs / 2
    return _ratio((ups * below).sum(axis=-1), ups.sum(axis=-1) * downs.sum(axis=-1))


def calibration_error(
    probabilities: ArrayLike, positive: ArrayLike, weights: Floats | None = None, *, adaptive: bool = False
) -> Floats:
    """How far the probabilities said lie from the shares found, the mean over the bins by their size
    (expected calibration error, Naeini et al. 2015). The bins are of equal width, or `adaptive`: of equal
    size (Nguyen and O'Connor 2015). Resampling can only add error, so its interval leans upwards."""
    said = np.asarray(probabilities, dtype=np.float64)
    bins = bins_of(said, adaptive=adaptive)
    apart = (said - np.asarray(positive, dtype=np.float64))[:, None] * (bins[:, None] == np.arange(BINS))
    counted = _weights(weights, len(said))
    return _ratio(np.abs(counted @ apart).sum(axis=-1), counted.sum(axis=-1))


def bins_of(probabilities: Floats, *, adaptive: bool = False) -> NDArray[np.intp]:
    """The bin of each row, 0 to 9. Equal probabilities share a bin; 1.0 belongs to the last."""
    if adaptive and len(probabilities):
        edges = np.quantile(probabilities, np.arange(1, BINS) / BINS)
        return np.searchsorted(edges, probabilities, side="right")
    return np.clip((probabilities * BINS).astype(np.intp), 0, BINS - 1)


def risk_coverage(confidence: ArrayLike, wrong: ArrayLike) -> tuple[tuple[float, float], ...]:
    """For each confidence from the highest down: the share of rows at least that confident, and the share of
    wrong ones among them (El-Yaniv and Wiener 2010)."""
    order, starts = _ties(-np.asarray(confidence, dtype=np.float64))
    if not len(order):
        return ()
    errors = np.cumsum(np.asarray(wrong, dtype=np.float64)[order])
    covered = np.append(starts[1:], len(order))
    return tuple(zip(covered / len(order), errors[covered - 1] / covered, strict=True))


def risk_coverage_area(confidence: ArrayLike, wrong: ArrayLike, weights: Floats | None = None) -> Floats:
    """The mean risk over all coverages: the lower, the better confidence tells right from wrong. Rows of
    equal confidence come in together."""
    order, starts = _ties(-np.asarray(confidence, dtype=np.float64))
    if not len(order):
        return _undefined(weights)
    counted = _weights(weights, len(order))[..., order]
    sizes = np.add.reduceat(counted, starts, axis=-1)
    errors = np.add.reduceat(counted * np.asarray(wrong, dtype=np.float64)[order], starts, axis=-1)
    risks = np.cumsum(errors, axis=-1) / np.maximum(np.cumsum(sizes, axis=-1), 1e-12)
    return _ratio((sizes * risks).sum(axis=-1), sizes.sum(axis=-1))


def quantile(values: ArrayLike, level: float, weights: Floats | None = None) -> Floats:
    """The least value that at least `level` of the rows do not exceed."""
    given = np.asarray(values, dtype=np.float64)
    if not len(given):
        return _undefined(weights)
    order = np.argsort(given)
    reached = np.cumsum(_weights(weights, len(given))[..., order], axis=-1)
    enough = reached >= level * reached[..., -1:] - 1e-9
    return np.asarray(given[order][np.argmax(enough, axis=-1)])


def hit_at(ranked: Sequence[str], right: Sequence[str], k: int) -> bool:
    """Whether one of the right ids is among the first `k`: one entry that answers is enough."""
    return not set(ranked[:k]).isdisjoint(right)


def reciprocal_rank(ranked: Sequence[str], right: Sequence[str]) -> float:
    """One over the place of the first right id; 0 where there is none."""
    return next((1 / place for place, each in enumerate(ranked, 1) if each in right), 0.0)


def _weights(weights: Floats | None, rows: int) -> Floats:
    return np.ones(rows) if weights is None else weights


def _undefined(weights: Floats | None) -> Floats:
    return np.full(_weights(weights, 0).shape[:-1], np.nan)


def _ratio(over: Floats, under: Floats) -> Floats:
    over, under = np.asarray(over, dtype=np.float64), np.asarray(under, dtype=np.float64)
    return np.asarray(np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0))


def _ties(scores: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The ascending order, and where in it each run of equal scores starts."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    new = np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)]
    return order, np.flatnonzero(new)
