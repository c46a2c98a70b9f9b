"""What a language model's word is worth beside the specialists'."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CascadeWeights:
    """Log-odds that a yes of the language model adds to a specialist's probability, and a no takes away; 0:
    it is not asked. `rewriter`: it words the query where it is unclear whether a message leans on the
    conversation; `rephrase`: and where nothing was found."""

    gate: float = 0.0
    relevance: float = 0.0
    grounding: float = 0.5
    rewriter: bool = False
    rephrase: bool = False
