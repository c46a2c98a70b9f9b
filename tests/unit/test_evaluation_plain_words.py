"""The verdict that comes before all figures."""

from __future__ import annotations

from dataclasses import replace

from learning.evaluation.fates import Fate
from learning.evaluation.figures import figures_of
from learning.evaluation.records import CaseResult, SuiteRun
from tests.unit.evaluating import NO_ANSWER, case, result, small_run


def fated(number: int, fate: Fate, kind: str = "messy") -> CaseResult:
    answerable = fate is not Fate.ANSWERED
    asked = case(str(number), "a", kind=kind) if answerable else case(str(number), expect=NO_ANSWER, kind=kind)
    return replace(result(asked), fate=fate)


def test_the_verdict_is_five_lines_of_shares_of_a_hundred() -> None:
    fates = [Fate.RIGHT_ALONE] * 4 + [Fate.OFFERED, Fate.WRONG]
    cases = [fated(place, fate) for place, fate in enumerate(fates)]
    cases += [fated(place, Fate.RIGHT_ALONE, "curated") for place in range(10, 16)]
    cases += [fated(place, Fate.ANSWERED, "near") for place in range(20, 23)]
    first, second, third, fourth, last = figures_of(SuiteRun("s", {}, tuple(cases))).words
    assert "Of 100 questions that your knowledge base answers, 84 get the right answer" in first
    assert "judging by 12" in first
    assert second.startswith("8 are asked back")
    assert third.startswith("8 get a wrong answer; 0 a right one")
    assert "100 get an answer all the same (0 to 100, judging by 3)" in fourth
    assert "kind messy: 17 of 100" in last


def test_where_all_agree_the_number_of_cases_still_limits_what_is_known() -> None:
    alone = tuple(replace(fated(n, Fate.RIGHT_ALONE), case=case(str(n), f"e{n}")) for n in range(30))
    assert "(90 to 100, judging by 30)" in figures_of(SuiteRun("s", {}, alone)).words[0]


def test_a_run_that_kept_no_replies_has_no_verdict() -> None:
    assert figures_of(small_run()).words == ()
    assert "replies" not in figures_of(small_run()).sections
