"""Fitting a logistic model that starts from what is already known: few examples move it little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.types import Logistic

_ROUNDS = 30
_CLOSE = 1e-6


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
