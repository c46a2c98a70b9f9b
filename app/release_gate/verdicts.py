"""What became of one question from the live release to the candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.release_gate.questions import Asked, Source
from app.store.turns.conversations import Rating
from knowledge.types import Entry
from learning.evaluation.fates import Fate, Wanted, fate_of
from pipeline.types import Outcome, Reply

_RIGHT = (Fate.RIGHT_ALONE, Fate.MIXED)
_RANKS = (Fate.WRONG, Fate.REFUSED, Fate.OFFERED, Fate.INCOMPLETE, Fate.MIXED, Fate.RIGHT_ALONE)


class Verdict(StrEnum):
    """`better` and `worse` where it is known what is right."""

    SAME = "same"
    CHANGED = "changed"
    BETTER = "better"
    WORSE = "worse"
    REFUSED_NOW = "refused_now"
    ANSWERED_NOW = "answered_now"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a release says to a question: the ids of the entries that it cites, in order, and the questions
    that it suggests. `fate` tells how right that is, where it is known what is."""

    outcome: Outcome
    reply: str
    entry_ids: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    fate: Fate | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A question, both answers, and what to make of them. `is_lost`: what was right, or liked, is no more."""

    asked: Asked
    before: Answer
    after: Answer
    verdict: Verdict
    is_lost: bool


def answer_of(asked: Asked, reply: Reply, entries: Mapping[str, Entry], whole_words: int) -> Answer:
    """What a release of these entries said. Answers of up to `whole_words` have to be said whole."""
    cited = tuple(dict.fromkeys(citation.entry_id for citation in reply.citations))
    return Answer(
        reply.outcome, reply.text, cited, reply.suggestions, _fate(asked, reply, entries, whole_words)
    )


def compared(asked: Asked, before: Answer, after: Answer) -> Compared:
    """Pure: the same answers always come to the same."""
    verdict = _verdict(before, after)
    return Compared(asked, before, after, verdict, _is_lost(asked, before, after))


def _verdict(before: Answer, after: Answer) -> Verdict:
    was, is_ = (each.outcome is Outcome.ANSWERED for each in (before, after))
    if before.fate is not None and after.fate is not None:
        old, new = _rank(before.fate), _rank(after.fate)
        if new > old:
            return Verdict.BETTER
        if new < old:
            return Verdict.REFUSED_NOW if was and not is_ else Verdict.WORSE
    elif was != is_:
        return Verdict.ANSWERED_NOW if is_ else Verdict.REFUSED_NOW
    return Verdict.SAME if _told(before) == _told(after) else Verdict.CHANGED


def _rank(fate: Fate) -> int:
    """Of what must not be answered, an answer ranks lowest and the rest alike."""
    return -1 if fate is Fate.ANSWERED else _RANKS.index(fate)


def _is_lost(asked: Asked, before: Answer, after: Answer) -> bool:
    if before.fate is not None and after.fate is not None:
        if asked.entry_ids:
            return before.fate in _RIGHT and after.fate not in _RIGHT
        return before.fate is Fate.REFUSED and after.fate is Fate.ANSWERED
    if asked.source is not Source.RATED or asked.rating is not Rating.UP:
        return False
    if before.outcome is not Outcome.ANSWERED:
        return before.outcome is not after.outcome
    return set(before.entry_ids) != set(after.entry_ids)


def _told(answer: Answer) -> tuple[object, ...]:
    return answer.outcome, answer.reply, answer.entry_ids, answer.suggestions


def _fate(asked: Asked, reply: Reply, entries: Mapping[str, Entry], whole_words: int) -> Fate | None:
    if asked.outcome is None:
        return None
    if not asked.entry_ids:
        return _refusal(asked.outcome, reply)
    named = [*(citation.entry_id for citation in reply.citations), *asked.entry_ids]
    near = {entry_id: entries[entry_id] for entry_id in named if entry_id in entries}
    return fate_of(reply, Wanted(asked.entry_ids, whole_words=whole_words), near)


def _refusal(wanted: Outcome, reply: Reply) -> Fate:
    """What is to be declined must be declined; of the rest it is enough that it is not answered."""
    if wanted is Outcome.ANSWERED:  # by whichever entry
        return Fate.RIGHT_ALONE if reply.outcome is Outcome.ANSWERED else Fate.REFUSED
    if wanted is Outcome.DECLINED:
        return Fate.REFUSED if reply.outcome is Outcome.DECLINED else Fate.ANSWERED
    return Fate.ANSWERED if reply.outcome is Outcome.ANSWERED else Fate.REFUSED
