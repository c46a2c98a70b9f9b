"""How sure a figure is: what it would have been had the data held other messages of the same kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from learning.evaluation.records import Estimate
from learning.evaluation.statistics.statistics import Floats, Statistic

RESAMPLES = 1000
_INTERVAL = (2.5, 97.5)
_CELLS = 2_000_000  # weights held at a time, 16 MB


class Bootstrap:
    """Percentile intervals (Efron 1979). Whole units are drawn, with repetition, since rows of one unit (one
    person, entry, conversation) err together. All figures of one object see the same draws, so that the
    difference of two figures is a paired one. Where every row agrees, so does every draw, and the interval
    has no width: it then says less than it seems."""

    def __init__(self, units: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES) -> None:
        """`units` names the unit of each row."""
        names, self._unit_of = np.unique(np.array(units, dtype=np.str_), return_inverse=True)
        random = np.random.default_rng(seed)
        self._drawn = np.zeros((resamples, len(names)), dtype=np.uint16)
        if len(names):
            for counts in self._drawn:
                counts[:] = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))

    def estimate(self, statistic: Statistic, rows: NDArray[np.intp] | None = None) -> Estimate | None:
        """The statistic of these rows, by default all, with its 95 % interval; `statistic` takes weights for
        these rows in this order. None where it is not defined."""
        units = self._unit_of if rows is None else self._unit_of[rows]
        value = float(statistic(np.ones(len(units))))
        draws = self._draws(statistic, units) if np.isfinite(value) else np.empty(0)
        if not len(draws):
            return None
        low, high = np.percentile(draws, _INTERVAL)
        return Estimate(value, float(low), float(high), len(np.unique(units)))

    def _draws(self, statistic: Statistic, units: NDArray[np.intp]) -> Floats:
        """The statistic in each resample in which it is defined."""
        step = max(1, _CELLS // max(1, len(units)))
        blocks = [
            statistic(self._drawn[start : start + step, units].astype(np.float64))
            for start in range(0, len(self._drawn), step)
        ]
        draws = np.concatenate(blocks)
        return np.asarray(draws[np.isfinite(draws)])
