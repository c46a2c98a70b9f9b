"""Which sentences of an entry answer a question: verbatim, in reading order, few enough to be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.types import Entry, FloatArray, Passage
from pipeline.stages.cited_text import LEAD
from pipeline.stages.lexicon import DANGLING

MAX_SENTENCES = 5
MAX_WORDS = 95
REPEATS = 0.75  # cosine from which one sentence says what another said
VARIANTS = 0.6  # mean likeness of lines from which each line is a whole answer in other words
POINTER = re.compile(r"\W*(?:learn|read|find out|see) more\b|\W*(?:click|tap) ", re.IGNORECASE)
LEAD_BONUS = 0.3
FIRST_BONUS = 0.1
LATER_MALUS = 0.01


@dataclass(frozen=True, slots=True)
class Scored:
    """An entry's sentences with their unit vectors, shape (n, dimension), their cosines to the question, and
    the line of the answer each stands on."""

    entry: Entry
    sentences: tuple[str, ...]
    vectors: FloatArray
    cosines: NDArray[np.float32]
    lines: tuple[int, ...]

    @classmethod
    def of(cls, entry: Entry, passages: Sequence[Passage], vectors: FloatArray, query: FloatArray) -> Scored:
        lines = tuple(entry.answer.count("\n", 0, passage.start) for passage in passages)
        return cls(entry, tuple(passage.text for passage in passages), vectors, vectors @ query, lines)

    def leans(self, index: int) -> bool:
        """Whether a sentence points back to the one before it."""
        if index == 0 or self.lines[index] != self.lines[index - 1]:
            return False
        first = self.sentences[index].replace("’", "'").lower().split()[0]
        return first.strip(",.;:\"'“(") in DANGLING

    def completes(self, index: int) -> bool:
        """Whether a sentence says what the bare "Yes" or "No" before it is about."""
        return index > 0 and is_bare_lead(self.sentences[index - 1])


def is_bare_lead(sentence: str) -> bool:
    lead = LEAD.match(sentence)
    return lead is not None and lead.end() == len(sentence)


def pick_answer(scored: Scored, *, yes_no: bool) -> list[int]:
    """The sentences that answer, in reading order: all where they are few, else the answering sentence and
    those nearest to the question. Of lines that say the same in other words one is chosen whole."""
    found = _one_variant(scored, yes_no=yes_no)
    kept = [index for index in found if not POINTER.match(scored.sentences[index])] or found
    if _fits(scored, kept) or len(kept) < 2:
        return kept
    answering = max(kept, key=_preference(scored, kept))
    if LEAD.match(scored.sentences[kept[0]]):
        answering = kept[is_bare_lead(scored.sentences[kept[0]])]  # a bare "No." comes with what it denies
    chosen = _with_antecedents(scored, answering, kept)
    for index in sorted(kept, key=_preference(scored, kept), reverse=True):
        wider = sorted({*chosen, *_with_antecedents(scored, index, kept)})
        if not _repeats(scored, index, chosen) and _fits(scored, wider):
            chosen = wider
    return chosen


def pick_addition(scored: Scored, said: FloatArray, *, at_least: float, words: int) -> list[int]:
    """At most two sentences that add something: near the question (cosine `at_least`) and unlike what is
    already `said` (vectors, shape (m, dimension)). A sentence that opens with "Yes" or "No" is not used:
    it answers its own entry's question, not the user's."""
    everything = list(range(len(scored.sentences)))
    for index in np.argsort(-scored.cosines).tolist():
        chosen = _with_antecedents(scored, index, everything)
        if len(chosen) > 1 and is_bare_lead(scored.sentences[chosen[0]]) and not scored.leans(chosen[1]):
            chosen = chosen[1:]
        novel = all(float((said @ scored.vectors[i]).max()) < REPEATS for i in chosen)
        led = any(LEAD.match(scored.sentences[i]) for i in chosen)
        short = len(chosen) <= 2 and sum(len(scored.sentences[i].split()) for i in chosen) <= words
        if scored.cosines[index] >= at_least and novel and not led and short:
            return chosen
    return []


def _one_variant(scored: Scored, *, yes_no: bool) -> list[int]:
    """All sentences, or those of the best line where the lines are variants of one answer. Paragraphs set
    apart by an empty line are never variants."""
    by_line: dict[int, list[int]] = {}
    for index, line in enumerate(scored.lines):
        by_line.setdefault(line, []).append(index)
    groups = list(by_line.values())
    if "\n\n" in scored.entry.answer or len(groups) < 2 or _likeness(scored, groups) < VARIANTS:
        return [index for group in groups for index in group]

    def worth(group: list[int]) -> float:
        led = yes_no and LEAD.match(scored.sentences[group[0]]) is not None
        return float(scored.cosines[group].max()) + LEAD_BONUS * led + 0.03 * min(len(group), 3)

    return max(groups, key=worth)


def _likeness(scored: Scored, groups: list[list[int]]) -> float:
    """The mean, over pairs of lines, of the cosine of their two most alike sentences."""
    cosines = scored.vectors @ scored.vectors.T
    pairs = [(one, other) for i, one in enumerate(groups) for other in groups[i + 1 :]]
    return float(np.mean([cosines[np.ix_(one, other)].max() for one, other in pairs]))


def _preference(scored: Scored, kept: list[int]) -> Callable[[int], float]:
    def key(index: int) -> float:
        place = kept.index(index)
        return float(scored.cosines[index]) + FIRST_BONUS * (place == 0) - LATER_MALUS * place

    return key


def _with_antecedents(scored: Scored, index: int, kept: list[int]) -> list[int]:
    chosen = [index]
    while (scored.leans(chosen[0]) or scored.completes(chosen[0])) and chosen[0] - 1 in kept:
        chosen.insert(0, chosen[0] - 1)
    return chosen


def _repeats(scored: Scored, index: int, chosen: list[int]) -> bool:
    return float((scored.vectors[chosen] @ scored.vectors[index]).max()) >= REPEATS


def _fits(scored: Scored, chosen: list[int]) -> bool:
    words = sum(len(scored.sentences[index].split()) for index in chosen)
    full = sum(not is_bare_lead(scored.sentences[index]) for index in chosen)
    return full <= MAX_SENTENCES and words <= MAX_WORDS
