"""How the signals that find an entry become the one score that orders hits."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.types import FloatArray


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """A weighted sum of the signals of `Hit`: dense leads, lexical breaks ties among near neighbours."""

    question_cosine: float = 1.0
    answer_cosine: float = 0.5
    lexical: float = 0.2

    def fuse(self, question_cosine: FloatArray, answer_cosine: FloatArray, lexical: FloatArray) -> FloatArray:
        """One score an entry from its signals; all arrays have shape (entries,)."""
        fused: FloatArray = (
            self.question_cosine * question_cosine
            + self.answer_cosine * answer_cosine
            + self.lexical * lexical
        )
        return fused
