"""How nearly other answers answer a question in passing: an entry taken out may still be answered by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.sentences import split_sentences
from knowledge.types import Entry, FloatArray

_TINY = 1e-6


def told_elsewhere(entries: Sequence[Entry], embed: Callable[[Sequence[str]], FloatArray]) -> FloatArray:
    """For each entry, how near other answers come to saying what its own says, shape (entries,). That is the
    best cosine of one of their sentences, to the question or to the entry's sentence nearest to the question,
    as a share of that sentence's cosine to the question: at 1 they tell as much as the entry itself. `embed`
    gives unit rows."""
    owned = [(place, text) for place, entry in enumerate(entries) for text in split_sentences(entry.answer)]
    if not owned:
        return np.zeros(len(entries), dtype=np.float32)
    owner = np.array([place for place, _ in owned])
    sentences = embed([text for _, text in owned])
    asked = embed([entry.question for entry in entries]) @ sentences.T
    return np.array(
        [_share(row, owner == place, sentences) for place, row in enumerate(asked)], dtype=np.float32
    )


def _share(asked: FloatArray, own: NDArray[np.bool_], sentences: FloatArray) -> float:
    """Of one question: `asked` is its cosine to each sentence, `own` says which are its entry's."""
    best = int(np.argmax(np.where(own, asked, -1.0)))
    others = np.where(own, 0.0, np.maximum(asked, sentences @ sentences[best]))
    return float(others.max() / max(asked[best], _TINY))
