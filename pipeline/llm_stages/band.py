"""Where a second engine is asked, and how much its word counts beside the first one's probability."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.stages.odds import log_odds, sigmoid


@dataclass(frozen=True, slots=True)
class Band:
    """Asked from probability `low` to below `high`, where the first engine is unsure; a yes then adds
    `weight` to the log-odds, a no takes it away, and one that is not sure counts for less. The weight is
    measured: a weak model's word may be worth less than what would change any decision, and the band is then
    empty."""

    low: float
    high: float
    weight: float

    @classmethod
    def around(cls, threshold: float, weight: float) -> Band:
        """The widest band that is worth asking in: outside of it no answer would change a decision that is
        taken at `threshold`."""
        middle = log_odds(threshold)
        return cls(sigmoid(middle - weight), sigmoid(middle + weight), weight) if weight > 0 else NOWHERE

    def covers(self, probability: float) -> bool:
        return self.low <= probability < self.high

    def combined(self, probability: float, second: float) -> float:
        """The probability after the second engine told its own, 1 for a plain yes and 0 for a plain no."""
        return sigmoid(log_odds(probability) + self.weight * vote(second))


NOWHERE = Band(1.0, 1.0, 0.0)
"""The second engine is never asked."""
EVERYWHERE = Band(0.0, 2.0, 50.0)
"""The second engine is always asked, and decides."""


def vote(probability: float) -> float:
    """What a probability of yes says for it, from -1 to 1."""
    return 2 * probability - 1
