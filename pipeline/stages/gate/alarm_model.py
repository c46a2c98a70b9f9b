"""How alarming a message is, by the encoder's vector of it and by its wording: the vector knows what it is
about, the wording whether that happens now, is asked about, or is a figure of speech."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from knowledge.types import FloatArray
from pipeline.stages.gate.softmax import packed, shares_of, unpacked

NOTHING = "none"
"""The kind of messages that give no alarm."""
BINS = 1 << 13
_READ = 1000  # characters; alarms in longer messages are found piece by piece
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[?!]")
_WORDS, _LETTERS = (1, 2, 3), (3, 4)


@dataclass(frozen=True, slots=True)
class AlarmModel:
    """A multinomial logistic model: `vector_weights` of shape (kinds, dimension), `wording_weights` of shape
    (kinds, `BINS`) and `biases` of shape (kinds,). It knows its own encoder's vectors only.
    `learning.training.alarms` fits it."""

    kinds: tuple[str, ...]
    vector_weights: FloatArray
    wording_weights: FloatArray
    biases: FloatArray

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> AlarmModel:
        """From the card of the gate. Raises `LookupError`, `TypeError` and `ValueError` where it is none."""
        kinds, biases = tuple(plain["names"]), np.array(plain["biases"], dtype=np.float32)
        vectors, wording = (unpacked(plain[part], len(kinds)) for part in ("vector", "wording"))
        if NOTHING not in kinds or len(biases) != len(kinds) or wording.shape[1] != BINS:
            raise ValueError("the parts of the model of alarms do not fit together")
        return cls(kinds, vectors, wording, biases)

    def to_plain(self) -> dict[str, Any]:
        """What `of` reads; half-precision numbers in base64."""
        return {
            "names": list(self.kinds),
            "vector": packed(self.vector_weights),
            "wording": packed(self.wording_weights),
            "biases": [round(float(bias), 4) for bias in self.biases],
        }

    def shares(self, text: str, vector: FloatArray) -> dict[str, float]:
        """The probability of each kind."""
        bins, values = wording(text)
        scores = self.vector_weights @ vector + self.wording_weights[:, bins] @ values + self.biases
        return shares_of(self.kinds, scores)


def wording(text: str) -> tuple[NDArray[np.int64], FloatArray]:
    """The words of a text, what stands beside each other, and their parts, so that a typo does not hide them:
    as hashed bins, with values of length 1 together."""
    counts = Counter(crc32(part.encode("utf-8", "surrogatepass")) % BINS for part in _parts(text[:_READ]))
    values = 1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))
    bins = np.fromiter(counts, dtype=np.int64, count=len(counts))
    return bins, (values / max(1.0, float(np.linalg.norm(values)))).astype(np.float32)


def _parts(text: str) -> Iterator[str]:
    words = _WORD.findall(text.lower().replace("’", "'"))
    framed = ["^", *words, "$"]
    for length in _WORDS:
        yield from (" ".join(part) for part in _runs(framed, length))
    for word in words:
        for length in _LETTERS:
            yield from ("#" + "".join(part) for part in _runs(f"<{word}>", length))


def _runs(items: Sequence[str], length: int) -> Iterator[Sequence[str]]:
    return (items[start : start + length] for start in range(len(items) - length + 1))
