"""Which sentences of an entry answer a question: verbatim, in reading order, few enough to be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.types import Entry, FloatArray, Passage
from pipeline.stages.cited_text import LEAD, is_stump, without_lead
from pipeline.stages.lexicon import CONNECTIVES

REPEATS = 0.75  # cosine from which one sentence says what another said
VARIANTS = 0.6  # mean likeness of lines from which each line is a whole answer in other words
POINTER = re.compile(r"\W*(?:learn|read|find out|see) more\b|\W*(?:click|tap) ", re.IGNORECASE)
_OPENS_LEANING = re.compile(rf"[\W_]*(?:{'|'.join(map(re.escape, CONNECTIVES))})(?![\w'-])", re.IGNORECASE)
_REFERS_BACK = re.compile(
    r"\b(?:(?:in|for|by|to) (?:this|that|these|the same) (?:ways?|reasons?|manner|cases?|means|extent)"
    r"|because of (?:this|that)|the same (?:is true|goes|holds|applies|happens)|likewise|similarly"
    r"|as (?:just |already )?(?:mentioned|noted|described|explained|said|stated|discussed)(?: above| before)?"
    r"|(?:mentioned|described|listed|named) above"
    r"|the (?:former|latter)(?= (?:is|are|was|were|has|have|can|may|does|do|will)\b))\b"
    r"(?! (?:as|that|to|when|where|why|by|in)\b)",
    re.IGNORECASE,
)
"""What says the same of something else, or points at what was said, anywhere in a sentence. "In the same way
as" brings along what it compares with."""
NEAR_ENOUGH = 0.3  # cosine to the question below which a further entry's sentence is beside the point
SECOND = 0.85  # share of its first sentence's cosine that its second must have
LEAD_BONUS = 0.3
FIRST_BONUS = 0.1
LATER_MALUS = 0.01


@dataclass(frozen=True, slots=True)
class Length:
    """At most so many sentences and words."""

    sentences: int
    words: int


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
        text = self.sentences[index].replace("’", "'")
        return bool(_OPENS_LEANING.match(text) or _REFERS_BACK.search(text))

    def unled(self, index: int) -> str:
        """A sentence without its opening "Yes" or "No"; "" where nothing is left that stands alone."""
        text = self.sentences[index]
        rest = without_lead(text)
        if rest == text:
            return text
        return "" if is_stump(rest) else rest[:1].upper() + rest[1:]

    def completes(self, index: int) -> bool:
        """Whether a sentence says what the bare "Yes" or "No" before it is about."""
        return index > 0 and is_bare_lead(self.sentences[index - 1])


def is_bare_lead(sentence: str) -> bool:
    lead = LEAD.match(sentence)
    return lead is not None and lead.end() == len(sentence)


def pick_answer(scored: Scored, length: Length, *, yes_no: bool, keeps_lead: bool) -> list[int]:
    """The sentences that answer, in reading order: all where they are few, else the answering sentence and
    those nearest to the question. Of lines that say the same in other words one is chosen whole. Empty where
    no sentence can be said without the "Yes" or "No" that `keeps_lead` withholds."""
    found = _one_variant(scored, yes_no=yes_no)
    if not keeps_lead:
        found = [index for index in found if is_bare_lead(scored.sentences[index]) or scored.unled(index)]
    kept = [index for index in found if not POINTER.match(scored.sentences[index])] or found
    if _fits(scored, kept, length) or len(kept) < 2:
        return kept
    answering = max(kept, key=_preference(scored, kept))
    if LEAD.match(scored.sentences[kept[0]]):
        answering = kept[is_bare_lead(scored.sentences[kept[0]])]  # a bare "No." comes with what it denies
    chosen = _with_antecedents(scored, answering, kept)
    for index in sorted(kept, key=_preference(scored, kept), reverse=True):
        wider = sorted({*chosen, *_with_antecedents(scored, index, kept)})
        if not _repeats(scored, index, chosen) and _fits(scored, wider, length):
            chosen = wider
    return chosen


def pick_addition(scored: Scored, said: FloatArray, length: Length) -> list[int]:
    """The sentences nearest to the question that stand alone, are unlike what is already `said` (vectors,
    shape (m, dimension)), and fit; in reading order. Not a bare "Yes" or "No", nor what leans on one: they
    answer the entry's own question, not the user's."""
    chosen: list[int] = []
    at_least = NEAR_ENOUGH
    for index in np.argsort(-scored.cosines).tolist():
        text = scored.unled(index)
        if scored.cosines[index] < at_least or len(chosen) == length.sentences:
            break
        if not text or is_bare_lead(text) or scored.leans(index) or POINTER.match(text):
            continue
        known = np.vstack([said, scored.vectors[chosen]])
        words = sum(len(scored.sentences[i].split()) for i in (*chosen, index))
        if float((known @ scored.vectors[index]).max(initial=-1.0)) < REPEATS and words <= length.words:
            chosen.append(index)
            at_least = max(at_least, SECOND * float(scored.cosines[index]))
    return sorted(chosen)


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


def _fits(scored: Scored, chosen: list[int], length: Length) -> bool:
    words = sum(len(scored.sentences[index].split()) for index in chosen)
    full = sum(not is_bare_lead(scored.sentences[index]) for index in chosen)
    return full <= length.sentences and words <= length.words
