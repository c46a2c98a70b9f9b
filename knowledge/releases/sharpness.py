"""How surely the better of two entries is the one that is meant, learned from wordings left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np

from knowledge.releases.calibration_examples import Ranking
from knowledge.types import Calibration

SHARPNESSES = (12.0, 15.0, 18.0, 22.0, 27.0, 33.0, 40.0, 50.0)
_FOLDS = 5


def fitted_sharpness(usual: float, rankings: Sequence[Ranking]) -> float:
    """The likeliest sharpness of a conditional logit (see `Calibration.shares`), where such a one is better
    than the usual on entries that it has not seen, each in one of five folds; else the usual, also where
    there are fewer entries than folds."""
    fold_of = {
        group: number % _FOLDS for number, group in enumerate(dict.fromkeys(r.group for r in rankings))
    }
    if len(fold_of) < _FOLDS:
        return usual
    gained = 0.0
    for fold in range(_FOLDS):
        left = [fold_of[ranking.group] == fold for ranking in rankings]
        learned = _likeliest([*compress(rankings, (not out for out in left))])
        seen = [*compress(rankings, left)]
        gained += _likelihood(learned, seen) - _likelihood(usual, seen)
    return _likeliest(rankings) if gained > 0 else usual


def _likeliest(rankings: Sequence[Ranking]) -> float:
    return max(SHARPNESSES, key=lambda sharpness: _likelihood(sharpness, rankings))


def _likelihood(sharpness: float, rankings: Sequence[Ranking]) -> float:
    """The log-probability that the right hits are those that answer."""
    shares = Calibration(sharpness=sharpness).shares
    return float(sum(np.log(shares(ranking.scores)[ranking.right]) for ranking in rankings))
