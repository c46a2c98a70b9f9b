"""Failures for people to read: a few of each kind, chosen by lot and always the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from learning.evaluation.fates import Fate
from learning.evaluation.records import CaseResult, Example, SuiteRun
from learning.evaluation.statistics.measures import must_not_answer, wrongly_answered

_EACH = 5


def _wrong_outcome(result: CaseResult) -> bool:
    """None of the failures that have a name of their own."""
    expect = result.case.expect
    otherwise = expect is not None and result.outcome is not expect
    return otherwise and not (result.case.answerable or result.answered)


def _refused(result: CaseResult) -> bool:
    return result.case.answerable and not result.answered and result.fate is not Fate.OFFERED


PROBLEMS: Mapping[str, Callable[[CaseResult], bool]] = {
    "answered wrong": lambda result: result.case.answerable and wrongly_answered(result),
    Fate.INCOMPLETE.value: lambda result: result.fate is Fate.INCOMPLETE,
    Fate.MIXED.value: lambda result: result.fate is Fate.MIXED,
    "refused though answerable": _refused,
    "answered though it must not be": lambda result: result.answered and must_not_answer(result.case),
    "wrong outcome": _wrong_outcome,
}


def examples_of(run: SuiteRun, *, seed: int = 0) -> tuple[Example, ...]:
    """Up to five of each problem, in the order of the cases."""
    random = np.random.default_rng(seed)
    chosen: list[Example] = []
    for problem, happened in PROBLEMS.items():
        failed = [result for result in run.cases if happened(result)]
        lot = random.choice(len(failed), size=min(_EACH, len(failed)), replace=False) if failed else ()
        chosen += [_example(failed[place], problem) for place in sorted(lot)]
    return tuple(chosen)


def _example(result: CaseResult, problem: str) -> Example:
    case = result.case
    wanted = ", ".join(case.entry_ids) or (case.expect.value if case.expect else "not answered")
    got = ", ".join(result.cited) or result.outcome.value
    return Example(case.id, case.kind, case.question.text, problem, wanted, got)
