"""What use makes of a knowledge base: messages come in, their owner learns from them, others are asked again.

The messages that have an answer are parted: half of them come in step by step, oldest first where they are
dated and by chance where not; the other half is kept back and asked after every step. A few of the entries
that are asked for are missing at first. What an owner does with a message that came in:

    a choice was offered, and a right entry was among them     the user took it: one more wording
    no answer, a wrong one or a wrong choice                   the owner adds it to the right entry
    the right entry is missing                                 the owner writes it, with the message
    answered rightly                                           nothing
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from knowledge.twins import question_key
from knowledge.types import Entry
from learning.evaluation.fates import Fate
from learning.evaluation.records import Case, CaseResult, Curve, Suite

STEPS = 4
MISSING = 0.1
"""The share of the entries that are asked for of which the knowledge base knows nothing at first."""
ADDED = "share of what there was to learn from"
_SHARE = "share of messages"
_RIGHT = (Fate.RIGHT_ALONE, Fate.MIXED, Fate.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Plan:
    """`arriving` messages in the order of their coming, those `kept` back, and the ids of the entries that
    are `missing` at first."""

    arriving: tuple[Case, ...]
    kept: tuple[Case, ...]
    missing: frozenset[str]

    def slices(self) -> Iterator[tuple[Case, ...]]:
        """The arriving messages in `STEPS` parts of about the same size."""
        bounds = [round(len(self.arriving) * step / STEPS) for step in range(STEPS + 1)]
        for start, end in pairwise(bounds):
            yield self.arriving[start:end]


def planned(suite: Suite, seed: int = 0) -> Plan:
    """How the messages of a suite come in. Those that nothing answers are all kept back, and those with a
    history left out: what is said in a conversation is no wording of an entry."""
    alone = [case for case in suite.cases if not case.question.history and not case.needs_all]
    answerable = sorted(
        (case for case in alone if case.answerable), key=lambda case: (case.asked_at, _chance(case.id, seed))
    )
    if any(case.asked_at for case in answerable):
        arriving, kept = answerable[: len(answerable) // 2], answerable[len(answerable) // 2 :]
    else:
        arriving, kept = answerable[::2], answerable[1::2]
    asked = sorted({case.entry_ids[0] for case in arriving}, key=lambda key: _chance(key, seed))
    others = [case for case in alone if not case.answerable]
    return Plan((*arriving,), (*kept, *others), frozenset(asked[: round(len(asked) * MISSING)]))


def _chance(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()


@dataclass(slots=True)
class Growing:
    """A knowledge base that its owner adds to; `added` counts what, by kind."""

    entries: dict[str, Entry]
    missing: dict[str, Entry]
    added: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, suite: Suite, plan: Plan) -> Growing:
        entries = {entry.id: entry for entry in suite.entries}
        return cls(entries, {entry_id: entries.pop(entry_id) for entry_id in sorted(plan.missing)})

    def learn(self, result: CaseResult) -> None:
        """What the owner does about a message that came in, given what became of it."""
        wanted, fate = result.case.entry_ids[0], result.fate
        if wanted in self.missing:
            self.entries[wanted] = self.missing.pop(wanted)
            self.added["closed gaps"] += 1
            self._word(wanted, result)
        elif fate is Fate.OFFERED and self._word(self._taken(result), result):
            self.added["choices"] += 1
        elif fate not in (*_RIGHT, Fate.OFFERED) and self._word(wanted, result):
            self.added["alternates"] += 1

    def _taken(self, result: CaseResult) -> str:
        """The first right entry among those offered."""
        right = [each for each in result.case.entry_ids if each in self.entries]
        return next(each for each in right if self.entries[each].question in result.suggestions)

    def _word(self, entry_id: str, result: CaseResult) -> bool:
        entry, message = self.entries[entry_id], result.case.question.text
        known = {question_key(text) for text in (entry.question, *entry.alternates)}
        if question_key(message) in known:
            return False
        self.entries[entry_id] = replace(entry, alternates=(*entry.alternates, message))
        return True


@dataclass(frozen=True, slots=True)
class Grown:
    """The kept messages after a step: what had been `added` until then, by kind; the share of the messages
    that came in (`seen`), and of those with an answer, by their fate; and the share of the others that were
    `answered` all the same."""

    seen: float
    added: Mapping[str, int]
    fates: Mapping[str, float]
    answered: float | None


def grown(seen: float, added: Mapping[str, int], results: Sequence[CaseResult]) -> Grown:
    """The figures of one step."""
    told = Counter(_told(result.fate) for result in results if result.case.answerable and result.fate)
    others = [result for result in results if not result.case.answerable]
    answered = sum(result.answered for result in others) / len(others) if others else None
    total = told.total() or 1
    return Grown(seen, dict(added), {name: told[name] / total for name in FATES}, answered)


FATES = ("right", "offered", "wrong", "no answer")
"""Of a message that has an answer, in the order of showing."""


def _told(fate: Fate) -> str:
    if fate in _RIGHT:
        return "right"
    return {Fate.OFFERED: "offered", Fate.WRONG: "wrong"}.get(fate, "no answer")


def curves(steps: Sequence[Grown]) -> tuple[Curve, ...]:
    """A curve for each fate; together they make one."""
    return tuple(
        Curve(name, ADDED, _SHARE, tuple((step.seen, step.fates[name]) for step in steps)) for name in FATES
    )
