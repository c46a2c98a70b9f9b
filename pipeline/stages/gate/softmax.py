"""What the gate's multinomial logistic models share: probabilities from scores, and weights on a card."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from knowledge.types import FloatArray


def shares_of(kinds: Sequence[str], scores: FloatArray) -> dict[str, float]:
    """The probability of each kind."""
    shares = np.exp(scores - scores.max())
    return dict(zip(kinds, map(float, shares / shares.sum()), strict=True))


def packed(weights: FloatArray) -> str:
    """Half-precision numbers in base64."""
    return base64.b64encode(weights.astype("<f2").tobytes()).decode("ascii")


def unpacked(text: str, rows: int) -> FloatArray:
    """What `packed` gave, as so many rows. Raises `ValueError` where it is something else."""
    return np.frombuffer(base64.b64decode(text), dtype="<f2").reshape(rows, -1).astype(np.float32)
