"""Deterministic guards of the grounding check: what a sentence may not say beyond or against its evidence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache, lru_cache

from knowledge.types import Entry
from pipeline.stages.language import Word, read, split_sentences
from pipeline.stages.lexicon import ABSOLUTES, NEGATIONS, SCALES
from pipeline.stages.particulars import NameBook, names, quantities

LEAD = re.compile(r"\W*(yes|no)\b\s*[,.!:;—–-]+\s*", re.IGNORECASE)
ALIGNED = 0.6  # share of a clause's content words that a sentence must hold to be what the clause retells
RETOLD = 0.5  # share of an evidence clause that a claim must retell to be held to its limits
NEAR_COPY = 0.65  # likeness beyond which two sentences differ by an edit, not by a rewording


@dataclass(frozen=True, slots=True)
class Ground:
    """One sentence of the evidence. A question that the answer opens with "Yes" or "No" is a ground too:
    affirmed or denied as a whole."""

    text: str
    words: tuple[Word, ...]
    is_question: bool = False


@dataclass(frozen=True, slots=True)
class CitedText:
    """Everything the cited entries say, read once. `stems` are all words of questions and answers, `stated`
    those of the grounds; `leads` the "yes" and "no" with which answers open."""

    text: str
    grounds: tuple[Ground, ...]
    stems: frozenset[str]
    stated: frozenset[str]
    names: NameBook
    leads: frozenset[str]

    @property
    def sentences(self) -> list[str]:
        """The answer's own sentences, as evidence to compare meanings with."""
        return [ground.text for ground in self.grounds if not ground.is_question]


@lru_cache(maxsize=256)
def cited_text(entries: tuple[Entry, ...]) -> CitedText:
    text = "\n".join(f"{entry.question}\n{entry.answer}" for entry in entries)
    grounds = tuple(ground for entry in entries for ground in _grounds(entry))
    return CitedText(
        text,
        grounds,
        stems=frozenset(word.stem for word in read(text)),
        stated=frozenset(word.stem for ground in grounds for word in ground.words),
        names=NameBook(text),
        leads=frozenset(lead_of(entry.answer) for entry in entries),
    )


def _grounds(entry: Entry) -> Iterator[Ground]:
    for sentence in split_sentences(without_lead(entry.answer)):
        yield Ground(sentence, read(sentence))
    lead = lead_of(entry.answer)
    if lead:
        words = (replace(word, negated=word.negated != (lead == "no")) for word in read(entry.question))
        yield Ground(entry.question, tuple(words), is_question=True)


def lead_of(text: str) -> str:
    """ "yes", "no", or "" where the text opens with neither."""
    lead = LEAD.match(text)
    return lead.group(1).lower() if lead else ""


def without_lead(text: str) -> str:
    return LEAD.sub("", text, count=1) if LEAD.match(text) else text


def clauses_of(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """The clauses of a sentence; one with fewer than two content words belongs to the one before it."""
    clauses: list[tuple[Word, ...]] = []
    number = None
    for word in words:
        if word.clause == number or (clauses and _content(clauses[-1]) < 2):
            clauses[-1] = (*clauses[-1], word)
        else:
            clauses.append((word,))
        number = word.clause
    if len(clauses) > 1 and _content(clauses[-1]) < 2:
        tail = clauses.pop()
        clauses[-1] += tail
    return clauses


def _content(words: Sequence[Word]) -> int:
    return sum(word.content for word in words)


def overlap(words: Sequence[Word], stems: frozenset[str] | set[str]) -> float:
    """Share of the content words of `words` that are among `stems`; 0 where there is none."""
    content = [word for word in words if word.content]
    return sum(word.stem in stems for word in content) / len(content) if content else 0.0


def find_conflict(claim: str, cited: CitedText) -> str:
    """Why the claim contradicts or outdoes the evidence, or "" where no rule objects."""
    known = quantities(cited.text)
    for quantity in quantities(claim):
        if not quantity.stated_by(known):
            return f"number not in the evidence: {quantity.number:g} {quantity.unit}".rstrip()

    for name in names(claim):
        if not cited.names.knows(name):
            return f"name not in the evidence: {name}"
    if lead_of(claim) not in {"", *cited.leads}:
        return f"the answer does not open with {lead_of(claim)}"
    words = read(without_lead(claim))
    for word in words:
        if word.text.lower() in ABSOLUTES and word.stem not in cited.stems:
            return f"absolute not in the evidence: {word.text}"
    for clause in clauses_of(words):
        if reason := _clause_conflict(clause, cited):
            return reason
    return _edit_conflict(words, cited, frozenset({*names(claim), *names(cited.text)}))


def _clause_conflict(clause: tuple[Word, ...], cited: CitedText) -> str:
    ground = best_ground(clause, cited)
    if ground is None or overlap(clause, {word.stem for word in ground.words}) < ALIGNED:
        return ""
    return _polarity_conflict(clause, ground) or _strengthening(clause, ground)


def best_ground(clause: Sequence[Word], cited: CitedText) -> Ground | None:
    """The evidence sentence that shares most of the clause's content words; of equals, the one that is
    most alike in length."""

    def likeness(ground: Ground) -> tuple[float, int]:
        shared = overlap(clause, {word.stem for word in ground.words})
        return shared, -abs(len(ground.words) - len(clause))

    return max(cited.grounds, key=likeness, default=None)


def _polarities(words: Sequence[Word]) -> Mapping[str, set[bool]]:
    found: dict[str, set[bool]] = defaultdict(set)
    for word in words:
        if word.content or word.paired:
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


def _edit_conflict(words: Sequence[Word], cited: CitedText, proper: frozenset[str]) -> str:
    """In a near copy of one sentence: a name, a number or an opposite in another's place, a negation added
    or left out."""
    claim = [(word.stem, word.opposite) for word in words]
    for ground in cited.grounds:
        evidence = [(word.stem, word.opposite) for word in ground.words]
        matcher = SequenceMatcher(None, evidence, claim, autojunk=False)
        if ground.is_question or 2 * min(len(claim), len(evidence)) < NEAR_COPY * (
            len(claim) + len(evidence)
        ):
            continue
        if matcher.quick_ratio() >= NEAR_COPY and matcher.ratio() >= NEAR_COPY:
            edits = [
                (ground.words[a:b], words[c:d])
                for kind, a, b, c, d in matcher.get_opcodes()
                if kind != "equal"
            ]
            reason = _edit_reason(edits, proper)
            if reason:
                return reason
    return ""


def _edit_reason(edits: Sequence[tuple[Sequence[Word], Sequence[Word]]], proper: frozenset[str]) -> str:
    changed = [word for pair in edits for side in pair for word in side]
    for before, after in edits:
        if _particular(before, proper) and _particular(after, proper):
            return f"another name or number in its place: {' '.join(word.text for word in after)}"
        if {(word.stem, not word.opposite) for word in before} & {
            (word.stem, word.opposite) for word in after
        }:
            return f"the opposite of the evidence: {' '.join(word.text for word in after)}"
    if not any(word.opposite for word in changed) and sum(map(_denies, changed)) % 2 == 1:
        return "negation differs from the evidence"
    return ""


def _particular(words: Sequence[Word], proper: frozenset[str]) -> bool:
    return any(word.text in proper or word.text[0].isdigit() for word in words)


def _denies(word: Word) -> bool:
    return word.text.lower() in NEGATIONS


def contradicts(claim: str, sentence: str) -> bool:
    """Whether a claim says the opposite of one sentence that is about the same."""
    ground = Ground(sentence, read(sentence))
    stems = {word.stem for word in ground.words}
    return any(
        overlap(clause, stems) >= ALIGNED and bool(_polarity_conflict(clause, ground))
        for clause in clauses_of(read(claim))
    )
