"""Fitting a logistic model that starts from what is already known: few examples move it little."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from knowledge.types import Logistic

_ROUNDS = 30
_CLOSE = 1e-6
_FOLDS = 5
_LEAST = 1e-9  # of a probability whose logarithm is taken


def fit_logistic(
    prior: Logistic,
    positives: Sequence[Mapping[str, float]],
    negatives: Sequence[Mapping[str, float]],
    *,
    odds: float = 1.0,
    weight_sd: float = 0.5,
    bias_sd: float = 1.0,
) -> Logistic:
    """The most probable model (maximum a posteriori, by Newton's method) under a normal prior around `prior`,
    with positives `odds` times as frequent as negatives, however many examples there are of each. Examples
    are features by name. Without examples of both classes the prior stands: one class alone says nothing
    about where the line lies."""
    if not positives or not negatives:
        return prior
    names = list(prior.weights)
    rows = np.array([[*(row[name] for name in names), 1.0] for row in (*positives, *negatives)])
    counts = [len(positives), len(negatives)]
    labels = np.repeat([1.0, 0.0], counts)
    expected = len(rows) * np.array([odds, 1.0]) / (odds + 1.0)
    shares = np.repeat(expected / counts, counts)
    mean = np.array([*prior.weights.values(), prior.bias])
    precision = np.array([weight_sd**-2] * len(names) + [bias_sd**-2])
    found = _newton(rows, labels, shares, mean, precision)
    return Logistic(dict(zip(names, map(float, found), strict=False)), float(found[-1]))


def fit_if_better(
    prior: Logistic,
    positives: Sequence[Mapping[str, float]],
    negatives: Sequence[Mapping[str, float]],
    groups: Sequence[str],
    *,
    odds: float = 1.0,
) -> Logistic:
    """What `fit_logistic` learns where it is better than `prior` on examples of groups that it has not seen,
    each in one of five folds; else the prior, also where there are fewer groups than folds. Positive and
    negative number i are of group number i."""
    fold_of = {group: number % _FOLDS for number, group in enumerate(dict.fromkeys(groups))}
    if len(fold_of) < _FOLDS:
        return prior
    was = now = 0.0
    for fold in range(_FOLDS):
        left = [fold_of[group] == fold for group in groups]
        kept = [not out for out in left]
        learned = fit_logistic(prior, [*compress(positives, kept)], [*compress(negatives, kept)], odds=odds)
        was += _loss(prior, compress(positives, left), compress(negatives, left), odds)
        now += _loss(learned, compress(positives, left), compress(negatives, left), odds)
    return fit_logistic(prior, positives, negatives, odds=odds) if now < was else prior


def _loss(
    model: Logistic,
    positives: Iterable[Mapping[str, float]],
    negatives: Iterable[Mapping[str, float]],
    odds: float,
) -> float:
    """Log-loss, of as many positives as negatives, the positives `odds` times as frequent."""
    missed = -sum(math.log(max(_LEAST, model.probability(each))) for each in positives)
    return odds * missed - sum(math.log(max(_LEAST, 1 - model.probability(each))) for each in negatives)


def _newton(
    rows: NDArray[np.float64],
    labels: NDArray[np.float64],
    shares: NDArray[np.float64],
    mean: NDArray[np.float64],
    precision: NDArray[np.float64],
) -> NDArray[np.float64]:
    """A step that overshoots is halved until it is none: the objective is concave, so this always ends."""

    def objective(model: NDArray[np.float64]) -> float:
        z = rows @ model
        likelihood = shares @ (labels * z - np.logaddexp(0.0, z))
        return float(likelihood - precision @ (model - mean) ** 2 / 2)

    found = mean.copy()
    for _ in range(_ROUNDS):
        chances = 1 / (1 + np.exp(-np.clip(rows @ found, -60, 60)))
        slope = rows.T @ (shares * (labels - chances)) - precision * (found - mean)
        curve = (rows * (shares * chances * (1 - chances))[:, None]).T @ rows + np.diag(precision)
        step = np.linalg.solve(curve, slope)
        while np.abs(step).max() > _CLOSE and objective(found + step) < objective(found):
            step = step / 2
        found = found + step
        if np.abs(step).max() <= _CLOSE:
            break
    return found
