"""Deterministic guards of the grounding check: what a sentence may not say beyond or against its evidence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cache

from pipeline.english.conditions import dropped_condition
from pipeline.english.entities import names, quantities
from pipeline.english.evidence_text import (
    EvidenceText,
    Ground,
    best_ground,
    clauses_of,
    lead_of,
    overlap,
    without_lead,
)
from pipeline.english.language import Word, denies, group_stems, read
from pipeline.english.lexicon import ABSOLUTES, NEGATIONS, SCALES

ALIGNED = 0.6  # share of a clause's content words that a sentence must hold to be what the clause retells
RETOLD = 0.5  # share of an evidence clause that a claim must retell to be held to its limits
NEAR_COPY = 0.65  # likeness beyond which two sentences differ by an edit, not by a rewording


class ContradictionKind(StrEnum):
    NUMBER = "number"
    NAME = "name"
    POLARITY = "polarity"
    STRENGTH = "strength"
    WORDING = "wording"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A rule's objection. `nearness`: of the claim and the evidence sentence that is most like it, the share
    of the shorter one's words that the other has in the same order."""

    kind: ContradictionKind
    reason: str
    nearness: float

    @property
    def alters(self) -> bool:
        """Whether the claim is a sentence of the evidence with another number or name in it, or turned
        round: nothing else can save it. In a sentence of its own words, a new name says little."""
        return self.kind in _ALTERING and self.nearness >= NEAR_COPY

    @property
    def forbids(self) -> bool:
        """Whether the claim must not be said, whatever else speaks for it: no number comes from nowhere."""
        return self.alters or self.kind is ContradictionKind.NUMBER


_ALTERING = (ContradictionKind.NUMBER, ContradictionKind.NAME, ContradictionKind.POLARITY)
_Found = tuple[ContradictionKind, str]


def find_contradiction(claim: str, cited: EvidenceText) -> Contradiction | None:
    """What the first rule that objects says against the claim; None where none does."""
    found = _objection(claim, cited)
    if found is None:
        return None
    words = read(without_lead(claim))
    nearness = max((_nearness(words, ground) for ground in cited.grounds), default=0.0)
    return Contradiction(*found, nearness)


def _nearness(words: Sequence[Word], ground: Ground) -> float:
    shorter = min(len(words), len(ground.words))
    if ground.is_question or not shorter:
        return 0.0
    return sum(block.size for block in _matcher(words, ground).get_matching_blocks()) / shorter


def _matcher(words: Sequence[Word], ground: Ground) -> SequenceMatcher[tuple[str, bool]]:
    evidence, claim = ([(word.stem, word.opposite) for word in side] for side in (ground.words, words))
    return SequenceMatcher(None, evidence, claim, autojunk=False)


def _objection(claim: str, cited: EvidenceText) -> _Found | None:
    if invented := _invented(claim, cited):
        return invented
    if not _lead_fits(claim, cited):
        return ContradictionKind.POLARITY, f"the evidence does not open with {lead_of(claim)}"
    words = read(without_lead(claim))
    for word in words:
        if word.text.lower() in ABSOLUTES and word.stem not in cited.stems:
            return ContradictionKind.STRENGTH, f"absolute not in the evidence: {word.text}"
    clauses = clauses_of(words)
    for clause in clauses:
        if found := _clause_conflict(clause, cited):
            return found
    if edited := _edit_conflict(words, cited, _proper_words(claim) | _proper_words(cited.text)):
        return edited
    dropped = dropped_condition(claim, clauses, cited)
    return (ContradictionKind.STRENGTH, dropped) if dropped else None


def _invented(claim: str, cited: EvidenceText) -> _Found | None:
    known = quantities(cited.text)
    for quantity in quantities(claim):
        if not quantity.stated_by(known):
            amount = f"{quantity.number:g} {quantity.unit}".rstrip()
            return ContradictionKind.NUMBER, f"number not in the evidence: {amount}"
    for name in names(claim):
        if not cited.names.knows(name):
            return ContradictionKind.NAME, f"name not in the evidence: {name}"
    return None


def _lead_fits(claim: str, cited: EvidenceText) -> bool:
    """A "Yes" or "No" must be one with which the evidence opens; where that has none, one that the statement
    behind it bears out."""
    lead = lead_of(claim)
    if not lead or cited.leads:
        return not lead or lead in cited.leads
    return denies(without_lead(claim)) == (lead == "no")


def _clause_conflict(clause: tuple[Word, ...], cited: EvidenceText) -> _Found | None:
    ground = best_ground(clause, cited)
    if ground is None or overlap(clause, {word.stem for word in ground.words}) < ALIGNED:
        return None
    if reason := _polarity_conflict(clause, ground):
        return ContradictionKind.POLARITY, reason
    stronger = _strengthening(clause, ground)
    return (ContradictionKind.STRENGTH, stronger) if stronger else None


def _polarities(words: Sequence[Word]) -> Mapping[str, set[bool]]:
    found: dict[str, set[bool]] = defaultdict(set)
    for word in words:
        if (word.content or word.paired) and word.stem not in group_stems():
            found[word.stem].add(word.negated)
    return found


def _polarity_conflict(clause: Sequence[Word], ground: Ground) -> str:
    """A word said for its opposite, or most of what either side denies affirmed by the other."""
    said, known = _polarities(clause), _polarities(ground.words)
    shared = [stem for stem in said if stem in known]
    denied = [stem for stem in shared if True in said[stem] | known[stem]]
    differing = [stem for stem in denied if not said[stem] & known[stem]]
    opposed = {word.stem for word in (*clause, *ground.words) if word.opposite}
    if opposed.intersection(differing):
        return f"the opposite of the evidence: {', '.join(sorted(opposed.intersection(differing)))}"
    if differing and 2 * len(differing) >= len(denied):
        return f"negation differs from the evidence: {', '.join(differing)}"
    return ""


@cache
def _tiers() -> Mapping[str, Mapping[str, int]]:
    return {
        scale: {word: tier for tier, group in enumerate(line.split("<")) for word in group.split()}
        for scale, line in SCALES.items()
    }


def _strengthening(clause: Sequence[Word], ground: Ground) -> str:
    """A limit of the evidence's clause that the claim drops or exceeds."""
    if ground.is_question:
        return ""
    stems = {word.stem for word in clause if word.content}
    parts = clauses_of(ground.words)
    part = max(parts, key=lambda words: len(stems & {word.stem for word in words}))
    if overlap(part, stems) < RETOLD:
        return ""
    said = {word.text.lower() for word in clause}
    known = {word.text.lower() for word in part}
    anywhere = {word.text.lower() for word in ground.words}
    limited = any(word in tiers for tiers in _tiers().values() for word in said)
    for scale, tiers in _tiers().items():
        claimed = max((tiers[word] for word in said if word in tiers), default=None)
        limit = max(
            (tiers[word] for word in (known if claimed is None else anywhere) if word in tiers), default=None
        )
        if limit is None:
            continue
        if (claimed is None and not limited) or (claimed is not None and claimed > limit):
            return f"stronger than the evidence: {scale}"
    return ""


def _edit_conflict(words: Sequence[Word], cited: EvidenceText, proper: frozenset[str]) -> _Found | None:
    """In a near copy of one sentence: anything in another's place, a negation added or left out, or a word
    that the evidence nowhere has. No small model tells "heart" for "liver" from a synonym, so that a near
    copy may differ only by words known to mean the same (`lexicon.SYNONYMS`)."""
    for ground in cited.grounds:
        both = len(words) + len(ground.words)
        if ground.is_question or 2 * min(len(words), len(ground.words)) < NEAR_COPY * both:
            continue
        matcher = _matcher(words, ground)
        if matcher.quick_ratio() >= NEAR_COPY and matcher.ratio() >= NEAR_COPY:
            edits = [
                (ground.words[a:b], words[c:d])
                for kind, a, b, c, d in matcher.get_opcodes()
                if kind != "equal" and not (kind == "delete" and _whole_clauses(ground.words, a, b))
            ]
            found = _edit_reason(edits, proper) or _word_reason(edits, cited.stems)
            if found:
                return found
    return None


def _edit_reason(
    edits: Sequence[tuple[Sequence[Word], Sequence[Word]]], proper: frozenset[str]
) -> _Found | None:
    changed = [word for pair in edits for side in pair for word in side]
    for before, after in edits:
        put = " ".join(word.text for word in after)
        if _particular(before, proper) and _particular(after, proper):
            return ContradictionKind.NAME, f"another name or number in its place: {put}"
        if {(word.stem, not word.opposite) for word in before} & {
            (word.stem, word.opposite) for word in after
        }:
            return ContradictionKind.POLARITY, f"the opposite of the evidence: {put}"
    if not any(word.opposite for word in changed) and sum(map(_denies, changed)) % 2 == 1:
        return ContradictionKind.POLARITY, "negation differs from the evidence"
    return None


def _word_reason(
    edits: Sequence[tuple[Sequence[Word], Sequence[Word]]], known: frozenset[str]
) -> _Found | None:
    for before, after in edits:
        lost = {word.stem for word in before if word.content}
        put = {word.stem: word.text for word in after if word.content}
        if lost and put and not lost & put.keys():
            return ContradictionKind.WORDING, f"another word in its place: {', '.join(put.values())}"
        if new := [text for stem, text in put.items() if stem not in known]:
            return ContradictionKind.WORDING, f"word not in the evidence: {', '.join(new)}"
    return None


def _whole_clauses(words: Sequence[Word], start: int, end: int) -> bool:
    """Whether what a claim leaves out is complete clauses, so that the rest stands without it."""
    opens = start == 0 or words[start - 1].clause != words[start].clause
    return opens and (end == len(words) or words[end - 1].clause != words[end].clause)


def _proper_words(text: str) -> frozenset[str]:
    return frozenset(part for name in names(text) for part in (name, *re.split(r"[-&.'’]", name)))


def _particular(words: Sequence[Word], proper: frozenset[str]) -> bool:
    return any(word.text in proper or word.text[0].isdigit() for word in words)


def _denies(word: Word) -> bool:
    return word.text.lower() in NEGATIONS
