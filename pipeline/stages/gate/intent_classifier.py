"""Whether a message puts something to a knowledge base at all, by the encoder's vector of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from knowledge.types import FloatArray
from pipeline.stages.gate.softmax import packed, shares_of, unpacked
from pipeline.stages.odds import log_odds, sigmoid

ASKS = "asks"
"""The kind of messages that ask or say something about a subject, whatever it is."""
IDLE = frozenset({"small_talk", "hostile", "noise"})
"""Kinds of messages about no subject at all."""
_SURE = 0.99


@dataclass(frozen=True, slots=True)
class IntentClassifier:
    """A multinomial logistic model over unit vectors: `weights` of shape (kinds, dimension), `biases` of
    shape (kinds,). It knows its own encoder's vectors only. `learning.training.gate` fits it.

    `strength` is how much a message that seems to ask nothing has to be nearer to the knowledge base."""

    kinds: tuple[str, ...]
    weights: FloatArray
    biases: FloatArray
    strength: float

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> IntentClassifier:
        """From the card of the gate. Raises `LookupError`, `TypeError` and `ValueError` where it is none."""
        kinds, biases = tuple(plain["names"]), np.array(plain["biases"], dtype=np.float32)
        if ASKS not in kinds or len(biases) != len(kinds):
            raise ValueError("the kinds of messages do not fit together")
        return cls(kinds, unpacked(plain["weights"], len(kinds)), biases, float(plain["strength"]))

    def to_plain(self) -> dict[str, Any]:
        """What `of` reads; half-precision numbers in base64."""
        return {
            "names": list(self.kinds),
            "weights": packed(self.weights),
            "biases": [round(float(bias), 4) for bias in self.biases],
            "strength": self.strength,
        }

    def probability(self, kind: str, vector: FloatArray) -> float:
        """That the message is of a kind; 0 for a kind that the model does not know."""
        return self._shares(vector).get(kind, 0.0)

    def idle(self, vector: FloatArray) -> float:
        """The probability that the message is of one of the kinds `IDLE`."""
        return sum(share for kind, share in self._shares(vector).items() if kind in IDLE)

    def doubted(self, probability: float, vector: FloatArray) -> float:
        """The probability that a message is on topic, lowered as far as it rather asks nothing: an outburst
        about vaccines is no question about them. One that asks keeps its own."""
        doubt = self.strength * min(0.0, -log_odds(self.idle(vector), _SURE))
        return sigmoid(log_odds(probability, _SURE) + doubt) if doubt else probability

    def _shares(self, vector: FloatArray) -> dict[str, float]:
        return shares_of(self.kinds, self.weights @ vector + self.biases)
