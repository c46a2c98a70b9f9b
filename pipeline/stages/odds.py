"""Probabilities as log-odds, in which evidence adds up, and back."""

from __future__ import annotations

import math

_CERTAIN = 1e-9


def log_odds(probability: float, surest: float = 1 - _CERTAIN) -> float:
    """Of a probability, taken for no more than `surest` and no less than the rest to 1."""
    kept = min(max(probability, 1 - surest), surest)
    return math.log(kept / (1 - kept))


def sigmoid(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
