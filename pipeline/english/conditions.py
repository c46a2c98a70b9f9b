"""Conditions: what an evidence sentence holds only with, only for, or except for. A claim that leaves one out
says more than its evidence, though every word of it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.english.evidence_text import EvidenceText, overlap
from pipeline.english.language import Word, read

ABOUT = 0.6  # share of a clause's content words that a statement must hold to be what the clause retells
KEPT = 0.5  # share of a condition's content words that a claim must have to have kept it
EXCEPTION = r"except(?:ing)?|excluding|unless|but (?:not|never)|(?:other than|apart from)"
PROVISO = (
    r"only (?:if|when|for|in|after|before|with|by|to|from|at|while|until|as|on)|but only|for [^,;.]* only"
    r"|(?<!even )(?<!as )(?<!what )(?<!see )(?<!ask )(?<!know )(?<!wonder )if|provided|until|as long as"
)
CONDITION = re.compile(rf"\b(?P<cue>{EXCEPTION}|{PROVISO})\b[^,;:.()–—]*", re.IGNORECASE)
EXCEPTS = re.compile(EXCEPTION, re.IGNORECASE)
EXCLUDING = re.compile(
    r"\b(?:not|no|never|cannot|without|except\w*|excluding|unless|other|apart|only|if|until|but|rather)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
STATEMENTS = re.compile(r"[;:]\s|, (?=(?:and|so|which|who|because|while|though|although)\b)")


@dataclass(frozen=True, slots=True)
class Condition:
    """`excepts`: what is said does not hold for it, as opposed to holding with it alone."""

    words: tuple[Word, ...]
    excepts: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """What one part of a sentence states, by stems, and under which conditions."""

    stems: frozenset[str]
    conditions: tuple[Condition, ...]


def dropped_condition(claim: str, clauses: Sequence[Sequence[Word]], cited: EvidenceText) -> str:
    """Why the claim is too broad: each statement that its clause retells best has a condition it lacks."""
    statements = [one for text in cited.sentences for one in read_statements(text)]
    stems = {word.stem for word in read(claim)}
    for clause in clauses:
        shares = [overlap(clause, one.stems) for one in statements]
        best = max(shares, default=0.0)
        if best < ABOUT:
            continue
        retold = [one for one, share in zip(statements, shares, strict=True) if share == best]
        if all(any(_lacks(claim, stems, condition) for condition in one.conditions) for one in retold):
            lost = next(condition for condition in retold[0].conditions if _lacks(claim, stems, condition))
            return f"condition dropped: {' '.join(word.text for word in lost.words)}"
    return ""


def _lacks(claim: str, stems: set[str], condition: Condition) -> bool:
    if overlap(condition.words, stems) < KEPT:
        return True
    return condition.excepts and not EXCLUDING.search(claim)


@lru_cache(maxsize=4096)
def read_statements(sentence: str) -> tuple[Statement, ...]:
    """What a sentence states, with what it makes a condition of it."""
    return tuple(_of_statements(sentence))


def _of_statements(sentence: str) -> Iterator[Statement]:
    for part in STATEMENTS.split(sentence):
        found = [
            Condition(read(match.group()), bool(EXCEPTS.match(match["cue"])))
            for match in CONDITION.finditer(part)
        ]
        stems = frozenset(word.stem for word in read(CONDITION.sub(" ", part)) if word.content)
        if stems:
            yield Statement(stems, tuple(one for one in found if any(word.content for word in one.words)))
