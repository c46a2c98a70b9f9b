"""Deciding kept questions anew gives what the chain decided, and what other costs would have."""

from __future__ import annotations

from dataclasses import replace

from bench.judging import fate_with, rows
from learning.evaluation.fates import Fate
from learning.evaluation.records import Attempt, CaseResult
from learning.evaluation.statistics.seen import seen_in
from learning.traces import read_steps
from pipeline.stages.relevance.thresholds import Costs
from tests.learning.evaluation.evaluating import NO_ANSWER, case, result

DIRECT, CAREFUL = Costs(nothing=0.5, other=0.2), Costs(nothing=3.0, other=1.0)


def attempt(answerable: float, *judged: float, search: int = 1, retry: bool = False) -> Attempt:
    """Of the entries a, b, c: how probably each answers."""
    return Attempt(search, retry, False, False, answerable, dict(zip("abc", judged, strict=False)))


def kept(*attempts: Attempt, gold: str = "a", fate: Fate = Fate.REFUSED) -> CaseResult:
    asked = case("q", *gold) if gold else case("q", expect=NO_ANSWER)
    return replace(result(asked), fate=fate, attempts=attempts)


def test_costs_decide_between_an_answer_a_choice_and_none() -> None:
    unsure = attempt(0.7, 0.4, 0.3)
    assert fate_with(kept(unsure), DIRECT) is Fate.RIGHT_ALONE
    assert fate_with(kept(unsure, gold="b"), DIRECT) is Fate.WRONG
    assert fate_with(kept(unsure, gold=""), DIRECT) is Fate.ANSWERED
    assert fate_with(kept(unsure), CAREFUL) is Fate.OFFERED
    assert fate_with(kept(unsure, gold=""), CAREFUL) is Fate.OFFERED
    assert fate_with(kept(unsure, gold="z"), CAREFUL) is Fate.REFUSED
    assert fate_with(kept(attempt(0.05, 0.04, 0.01)), CAREFUL) is Fate.REFUSED


def test_the_first_wording_that_answers_counts() -> None:
    nothing, sure = attempt(0.05, 0.04, 0.01), attempt(0.99, 0.98, 0.01, retry=True)
    assert fate_with(kept(nothing, sure), CAREFUL) is Fate.RIGHT_ALONE


def test_what_met_no_check_or_several_searches_stays_as_it_was() -> None:
    sure = attempt(0.99, 0.98, 0.01)
    assert fate_with(kept(), CAREFUL) is Fate.REFUSED
    assert fate_with(kept(sure, replace(sure, search=2)), CAREFUL) is Fate.REFUSED
    assert fate_with(kept(replace(sure, search=0), sure), CAREFUL) is Fate.REFUSED


def test_a_row_holds_the_shares_of_each_sort() -> None:
    sure = attempt(0.99, 0.98, 0.01)
    results = [kept(sure), kept(sure, gold="b"), kept(sure, gold=""), kept(gold="")]
    ((costs, shares),) = rows(results, [CAREFUL])
    assert costs is CAREFUL
    assert shares == [0.5, 0.0, 0.0, 0.5, 0.5, 0.0, 0.5]


def test_a_trace_tells_attempts_by_search() -> None:
    def step(name: str, **result: object) -> dict[str, object]:
        return {"step": name, "result": result}

    judged = {"accepted": [], "retry": False, "doubtful": True, "answerable": 0.5, "judged": {"a": 0.4}}
    steps = [
        step("SearchQuery", text="one", used_history=True),
        step("Evidence", **judged),
        step("Evidence", **(judged | {"retry": True, "accepted": ["a"], "judged": {"b": 0.9}})),
        step("SearchQuery", text="two", used_history=False),
        step("Evidence", **(judged | {"judged": {}})),
    ]
    seen = seen_in(read_steps(steps))
    assert (seen.query, seen.judged) == ("two", {"b": 0.9})
    assert [(each.search, each.retry, each.used_history) for each in seen.attempts] == [
        (1, False, True),
        (1, True, True),
    ]
