"""Which blocks of a long answer are said: those nearest to the question, with what belongs to them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.types import Block, Passage
from pipeline.english.lexicon import CONNECTIVES

_LEANS = re.compile(rf"[\W_]*(?:{'|'.join(map(re.escape, CONNECTIVES))})(?![\w'-])", re.IGNORECASE)
_LIMITS = re.compile(
    r"\b(?:except(?:ion(?:s|ally)?|ing)?|excluding|unless|apart from|other than|only (?:if|when|for)|must not"
    r"|(?:do|does|may|can) not|cannot|never|note|important|warning|caution)\b",
    re.IGNORECASE,
)


def chosen_blocks(
    answer: str,
    blocks: Sequence[Block],
    passages: Sequence[Passage],
    cosines: NDArray[np.float32],
    words: int,
) -> list[Block]:
    """The blocks nearest to a question, in reading order, at most so many `words` together, the nearest in
    any case. `passages` are the answer's sentences and `cosines` of the same length their nearness to the
    question. A block comes with the one before it that it leans on, and with what limits it: what stands
    behind it under the same heading and leans on it or names an exception."""
    nearness = [_nearness(block, passages, cosines) for block in blocks]
    chosen: set[int] = set()
    for place in sorted(range(len(blocks)), key=lambda place: -nearness[place]):
        wider = chosen | _together(answer, blocks, place)
        if not chosen or _words(answer, blocks, wider) <= words:
            chosen = wider
    return [blocks[place] for place in sorted(chosen)]


def _nearness(block: Block, passages: Sequence[Passage], cosines: NDArray[np.float32]) -> float:
    """Of its nearest sentence; a block without any is as far as can be."""
    inside = [
        float(cosine)
        for passage, cosine in zip(passages, cosines, strict=True)
        if passage.start < block.end and block.start < passage.end
    ]
    return max(inside, default=-1.0)


def _together(answer: str, blocks: Sequence[Block], place: int) -> set[int]:
    first = last = place
    while first and _leans(answer, blocks[first]):
        first -= 1
    while last + 1 < len(blocks) and _limits(answer, blocks[last], blocks[last + 1]):
        last += 1
    return set(range(first, last + 1))


def _leans(answer: str, block: Block) -> bool:
    return bool(_LEANS.match(answer, block.start))


def _limits(answer: str, block: Block, following: Block) -> bool:
    if following.under[: len(block.under)] != block.under:
        return False
    below = following.under[len(block.under) :]
    start = below[0][0] if below else following.start
    return _leans(answer, following) or bool(_LIMITS.search(answer, start, following.end))


def _words(answer: str, blocks: Sequence[Block], places: set[int]) -> int:
    return sum(len(answer[blocks[place].start : blocks[place].end].split()) for place in places)
