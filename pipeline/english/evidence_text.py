"""The text that a sentence cites, read once for the grounding check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from knowledge.sentences import split_sentences
from knowledge.types import Entry
from pipeline.english.entities import NameBook
from pipeline.english.language import Word, read

LEAD = re.compile(r"\W*(yes|no)\b\s*[,.!:;—–-]+\s*", re.IGNORECASE)

KNOWN = 0.75
"""Share of a sentence's content words from which on it adds nothing to a text that has them."""


@dataclass(frozen=True, slots=True)
class Ground:
    """One sentence of the evidence. A question that the answer opens with "Yes" or "No" is a ground too:
    affirmed or denied as a whole."""

    text: str
    words: tuple[Word, ...]
    is_question: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceText:
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
def evidence_text(entries: tuple[Entry, ...]) -> EvidenceText:
    text = "\n".join(f"{entry.question}\n{entry.answer}" for entry in entries)
    grounds = tuple(ground for entry in entries for ground in _grounds(entry))
    return EvidenceText(
        text,
        grounds,
        stems=frozenset(word.stem for word in read(text)),
        stated=frozenset(word.stem for ground in grounds for word in ground.words),
        names=NameBook(text),
        leads=frozenset(lead_of(line) for entry in entries for line in entry.answer.splitlines()) - {""},
    )


def _grounds(entry: Entry) -> Iterator[Ground]:
    for sentence in split_sentences(entry.answer):
        if statement := without_lead(sentence):
            yield Ground(statement, read(statement))
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


def best_ground(clause: Sequence[Word], cited: EvidenceText) -> Ground | None:
    """The evidence sentence that shares most of the clause's content words; of equals, the one that is
    most alike in length."""

    def likeness(ground: Ground) -> tuple[float, int]:
        shared = overlap(clause, {word.stem for word in ground.words})
        return shared, -abs(len(ground.words) - len(clause))

    return max(cited.grounds, key=likeness, default=None)


def says_again(sentence: str, said: Sequence[str]) -> bool:
    """Whether most of what a sentence is about was said; one without any content word says nothing new."""
    words = read(sentence)
    if not any(word.content for word in words):
        return True
    return overlap(words, {word.stem for text in said for word in read(text)}) >= KNOWN
