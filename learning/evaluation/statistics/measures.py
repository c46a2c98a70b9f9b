"""What is asked of one case's result: figures that are means over cases, so that two runs can be paired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from learning.evaluation.fates import Fate
from learning.evaluation.records import Case, CaseResult
from learning.evaluation.statistics.statistics import hit_at, reciprocal_rank
from pipeline.turn import Topic
from pipeline.types import Outcome

DEPTHS = (1, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Measure:
    """The mean of `value` over the results `among` which it is asked. `rising`: more of it is better."""

    value: Callable[[CaseResult], float]
    among: Callable[[CaseResult], bool]
    rising: bool = True


def must_not_answer(case: Case) -> bool:
    """Whether any answer would be wrong: nothing in the knowledge base fits, and nothing else is expected."""
    return not case.answerable and case.expect is not Outcome.ANSWERED


def in_scope(case: Case) -> bool:
    """Whether the message is for this knowledge base to answer."""
    return case.answerable or case.expect is Outcome.ANSWERED


def right(result: CaseResult) -> bool:
    """The right answer alone, or, where only citations are known, the right entry first; of what must not
    be answered: it was not."""
    if result.case.answerable:
        return result.right_first if result.fate is None else result.fate is Fate.RIGHT_ALONE
    return result.answered != must_not_answer(result.case)


def wrongly_answered(result: CaseResult) -> bool:
    """An answer in which no right entry is cited, or that should not have been given."""
    if result.case.answerable:
        return result.answered and not result.right_cited
    return result.answered and must_not_answer(result.case)


def would_be_wrong(result: CaseResult) -> bool:
    """Whether the answer given, or else the best candidate's, is wrong; without any candidate it is."""
    if result.answered or not result.judged:
        return not (result.answered and right(result))
    return max(result.judged, key=lambda entry_id: result.judged[entry_id]) not in result.case.entry_ids


def found(result: CaseResult) -> tuple[str, ...]:
    """What retrieval gives, best first; of a message that was turned away before, for the message itself."""
    return result.found or result.found_raw


def unit_of(case: Case) -> str:
    """What a case shares with others, so that they err together: the conversation, or the entry asked for."""
    if case.question.history:
        return f"conversation {case.question.history[0].text}"
    return f"entry {case.entry_ids[0]}" if case.answerable else f"case {case.id}"


def groups_of(results: Sequence[CaseResult]) -> dict[str, list[int]]:
    """The places of the results of each kind, in the order in which kinds come. A family of several kinds
    ("real" of "real/answerable" and "real/fragment") is a group too, and stands before its kinds."""
    families: dict[str, dict[str, list[int]]] = {}
    for place, result in enumerate(results):
        kind = result.case.kind
        families.setdefault(kind.partition("/")[0], {}).setdefault(kind, []).append(place)
    groups: dict[str, list[int]] = {}
    for family, kinds in families.items():
        if len(kinds) > 1:
            groups[family] = sorted(place for places in kinds.values() for place in places)
        for kind, places in kinds.items():
            groups.setdefault(kind, places)
    return groups


def _answerable(result: CaseResult) -> bool:
    return result.case.answerable


def _forbidden(result: CaseResult) -> bool:
    return must_not_answer(result.case)


def _judgeable(result: CaseResult) -> bool:
    return result.case.answerable or must_not_answer(result.case)


def _turned_away(result: CaseResult) -> bool:
    return result.topic != Topic.ON_TOPIC


def _gated(result: CaseResult, *, on_topic: bool) -> bool:
    """Whether the gate was asked about a case that must not be answered; `on_topic`: since the answer is
    missing, so that the gate may do either."""
    missing = result.case.expect is Outcome.NO_ANSWER
    return bool(result.topic) and _forbidden(result) and missing is on_topic


def _reworded(result: CaseResult) -> bool:
    """Whether a human wrote a query, the rewriter was asked, and what they find can be compared."""
    return result.case.answerable and bool(result.case.rewrite and result.query and result.found_rewrite)


def _left_alone(result: CaseResult, query: str) -> bool:
    return query.casefold().split() == result.case.question.text.casefold().split()


def _reworded_by_human(result: CaseResult, changed: bool) -> bool:
    asked = bool(result.case.rewrite and result.query)
    return asked and _left_alone(result, result.case.rewrite) is not changed


def _hit(
    depth: int, ranked: Callable[[CaseResult], tuple[str, ...]] = found
) -> Callable[[CaseResult], float]:
    return lambda result: hit_at(ranked(result), result.case.entry_ids, depth)


def _ends(fate: Fate) -> Callable[[CaseResult], float]:
    return lambda result: result.fate is fate


def _fated(result: CaseResult) -> bool:
    return result.case.answerable and result.fate is not None


def _fated_without_answer(result: CaseResult) -> bool:
    return must_not_answer(result.case) and result.fate is not None


def _right_or_offered(result: CaseResult) -> float:
    return result.fate in (Fate.RIGHT_ALONE, Fate.OFFERED)


REPLIES: Mapping[str, Measure] = {
    Fate.RIGHT_ALONE.value: Measure(_ends(Fate.RIGHT_ALONE), _fated),
    "right alone or offered": Measure(_right_or_offered, _fated),
    **{
        fate.value: Measure(_ends(fate), _fated, rising=fate is Fate.OFFERED)
        for fate in (Fate.OFFERED, Fate.REFUSED, Fate.MIXED, Fate.INCOMPLETE, Fate.WRONG)
    },
    **{
        f"no answer there: {fate.value}": Measure(
            _ends(fate), _fated_without_answer, rising=fate is Fate.REFUSED
        )
        for fate in (Fate.ANSWERED, Fate.OFFERED, Fate.REFUSED)
    },
}
"""What becomes of questions that have an answer, and of those that have none there."""
GATE: Mapping[str, Measure] = {
    "recall in scope": Measure(
        lambda result: not _turned_away(result), lambda result: bool(result.topic) and in_scope(result.case)
    ),
    "turned away": Measure(_turned_away, lambda result: _gated(result, on_topic=False)),
    "turned away, answer missing": Measure(_turned_away, lambda result: _gated(result, on_topic=True)),
}
REWRITTEN: Mapping[str, Measure] = {
    "raw": Measure(_hit(5, lambda result: result.found_raw), _reworded),
    "ours": Measure(_hit(5, lambda result: result.found), _reworded),
    "human": Measure(_hit(5, lambda result: result.found_rewrite), _reworded),
}
REWRITER: Mapping[str, Measure] = {
    **{f"R@5 {wording}": measure for wording, measure in REWRITTEN.items()},
    "standalone, unchanged": Measure(
        lambda result: _left_alone(result, result.query), lambda result: _reworded_by_human(result, False)
    ),
    "needing history, changed": Measure(
        lambda result: not _left_alone(result, result.query), lambda result: _reworded_by_human(result, True)
    ),
}
RETRIEVAL: Mapping[str, Measure] = {
    **{f"R@{depth}": Measure(_hit(depth), _answerable) for depth in DEPTHS},
    "MRR": Measure(lambda result: reciprocal_rank(found(result), result.case.entry_ids), _answerable),
}
END_TO_END: Mapping[str, Measure] = {
    "right first": Measure(lambda result: result.right_first, _answerable),
    "right cited": Measure(lambda result: result.right_cited, _answerable),
    "answerable refused": Measure(lambda result: not result.answered, _answerable, rising=False),
    "wrong answered": Measure(wrongly_answered, _judgeable, rising=False),
    "wrong first": Measure(lambda result: result.answered and not right(result), _judgeable, rising=False),
    "must not, not answered": Measure(lambda result: not result.answered, _forbidden),
    "entries cited": Measure(lambda result: len(result.cited), lambda result: result.answered, rising=False),
    "exact outcome": Measure(
        lambda result: result.outcome is result.case.expect, lambda result: result.case.expect is not None
    ),
}
LANGUAGE_MODEL: Mapping[str, Measure] = {
    "calls a turn": Measure(lambda result: result.calls, lambda result: True, rising=False),
    "prompt tokens a turn": Measure(lambda result: result.prompt_tokens, lambda result: True, rising=False),
    "tokens written a turn": Measure(
        lambda result: result.completion_tokens, lambda result: True, rising=False
    ),
    "turns with a stage degraded": Measure(
        lambda result: bool(result.degraded), lambda result: True, rising=False
    ),
}
SECTIONS: Mapping[str, Mapping[str, Measure]] = {
    "replies": REPLIES,
    "rewriter": REWRITER,
    "retrieval": RETRIEVAL,
    "end to end": END_TO_END,
}
"""What two runs are compared by."""
