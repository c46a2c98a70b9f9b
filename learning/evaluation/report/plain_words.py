"""The verdict on a run in words that an owner understands, before any figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from learning.evaluation.altered_pairs import VERBATIM
from learning.evaluation.fates import Fate
from learning.evaluation.records import CaseResult, Estimate, SuiteRun
from learning.evaluation.statistics.measures import groups_of, must_not_answer

_OF = 100  # questions: people read shares of a hundred
_FEW = 5  # cases: fewer of a kind say little about it


def in_plain_words(run: SuiteRun, replies: Mapping[str, Estimate]) -> tuple[str, ...]:
    """Up to six lines from a run and its figures of replies; none of a run that kept no replies, but what
    must be known of its figures."""
    known = [result for result in run.cases if result.fate is not None]
    answerable = [result for result in known if result.case.answerable]
    others = [result for result in known if must_not_answer(result.case)]
    verdict = (*_answerable(answerable, replies), *_unanswerable(others, replies), *_weakest(answerable))
    return (*verdict, *_made_pairs(run))


def _answerable(results: Sequence[CaseResult], replies: Mapping[str, Estimate]) -> Iterator[str]:
    if not results:
        return
    of = _shared(results)
    yield (
        f"Of {_OF} questions that your knowledge base answers, {of[Fate.RIGHT_ALONE]} get the right answer, "
        f"whole and alone ({_reach(replies[Fate.RIGHT_ALONE.value], len(results))})."
    )
    yield (
        f"{of[Fate.OFFERED]} are asked back with the right question among the choices; "
        f"{of[Fate.REFUSED]} get no answer."
    )
    yield (
        f"{of[Fate.WRONG]} get a wrong answer; {of[Fate.INCOMPLETE]} a right one of which something is "
        f"missing, {of[Fate.MIXED]} a right one mixed with others."
    )


def _unanswerable(results: Sequence[CaseResult], replies: Mapping[str, Estimate]) -> Iterator[str]:
    if not results:
        return
    of = _shared(results)
    answered = replies[f"no answer there: {Fate.ANSWERED.value}"]
    yield (
        f"Of {_OF} messages that it does not answer, {of[Fate.ANSWERED]} get an answer all the same "
        f"({_reach(answered, len(results))}), {of[Fate.OFFERED]} a choice of questions; "
        f"{of[Fate.REFUSED]} are told that there is none."
    )


def _weakest(results: Sequence[CaseResult]) -> Iterator[str]:
    """The kind of question with the greatest share of faults, where there are several kinds."""
    kinds = {kind: [results[place] for place in places] for kind, places in groups_of(results).items()}
    faults = {
        kind: sum(result.fate not in (Fate.RIGHT_ALONE, Fate.OFFERED) for result in group) / len(group)
        for kind, group in kinds.items()
        if len(group) >= _FEW
    }
    if len(faults) == 1 or not faults:
        return
    worst = max(faults, key=lambda kind: faults[kind])
    yield f"Hardest are those of the kind {worst}: {round(faults[worst] * _OF)} of {_OF} get neither."


def _made_pairs(run: SuiteRun) -> Iterator[str]:
    """Where the pairs for the grounding check were made, and not labelled by people."""
    if any(each.pair.kind == VERBATIM for each in run.grounding):
        yield (
            "The figures of grounding are of sentences altered by tables which the check's rules share: they "
            "test the rules, and are no forecast for claims in other words."
        )


def _shared(results: Sequence[CaseResult]) -> dict[Fate, int]:
    """How many of a hundred met each fate: whole numbers that add up, the largest remainders rounded up."""
    exact = {fate: _OF * sum(result.fate is fate for result in results) / len(results) for fate in Fate}
    shares = {fate: int(value) for fate, value in exact.items()}
    missing = _OF - sum(shares.values())
    for fate in sorted(exact, key=lambda fate: shares[fate] - exact[fate])[:missing]:
        shares[fate] += 1
    return shares


def _reach(figure: Estimate, asked: int) -> str:
    """The interval. Where all agree, resampling shows none: then what n of a kind leave open (3 / n, the
    "rule of three", Hanley and Lippman-Hand 1983)."""
    low, high = figure.low, figure.high
    if low == high:
        open_share = min(1.0, 3 / figure.n)
        low, high = max(0.0, low - open_share), min(1.0, high + open_share)
    return f"{round(low * _OF)} to {round(high * _OF)}, judging by {asked}"
