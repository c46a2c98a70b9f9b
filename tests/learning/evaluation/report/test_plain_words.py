"""The verdict that comes before all figures."""

from __future__ import annotations

from dataclasses import replace

from knowledge.types import Entry
from learning.evaluation.altered_pairs import altered_pairs
from learning.evaluation.fates import Fate
from learning.evaluation.records import CaseResult, PairResult, SuiteRun
from learning.evaluation.statistics.figures import figures_of
from tests.learning.evaluation.evaluating import ANSWERED, NO_ANSWER, case, result, small_run


def fated(number: int, fate: Fate, kind: str = "messy") -> CaseResult:
    """A question for an entry of its own, or, where it is answered all the same, for none."""
    gold, expect = ((), NO_ANSWER) if fate is Fate.ANSWERED else ((f"entry {number}",), ANSWERED)
    return replace(result(case(str(number), *gold, expect=expect, kind=kind)), fate=fate)


def test_the_verdict_is_five_lines_of_shares_of_a_hundred() -> None:
    fates = [Fate.RIGHT_ALONE] * 3 + [Fate.OFFERED, Fate.WRONG]
    cases = [fated(place, fate) for place, fate in enumerate(fates)]
    cases += [fated(place, Fate.RIGHT_ALONE, "curated") for place in range(10, 15)]
    cases += [fated(place, Fate.ANSWERED, "near") for place in range(20, 23)]
    first, second, third, fourth, last = figures_of(SuiteRun("s", {}, tuple(cases))).words
    assert "Of 100 questions that your knowledge base answers, 80 get the right answer" in first
    assert "judging by 10" in first
    assert second.startswith("10 are asked back")
    assert third.startswith("10 get a wrong answer; 0 a right one")
    assert "100 get an answer all the same (0 to 100, judging by 3)" in fourth
    assert "kind messy: 20 of 100" in last


def test_where_all_agree_the_number_of_cases_still_limits_what_is_known() -> None:
    alone = tuple(fated(number, Fate.RIGHT_ALONE) for number in range(30))
    assert "(90 to 100, judging by 30)" in figures_of(SuiteRun("s", {}, alone)).words[0]


def test_a_run_that_kept_no_replies_has_no_verdict() -> None:
    assert not any("Of 100" in line for line in figures_of(small_run()).words)
    assert "replies" not in figures_of(small_run()).sections


def test_figures_of_made_pairs_are_called_what_they_are() -> None:
    entry = Entry("hours", "When is it open?", "The hall is open from nine to five on weekdays.")
    made = tuple(PairResult(pair, 0.5) for pair in altered_pairs([entry]))
    labelled = tuple(replace(each, pair=replace(each.pair, kind="claim")) for each in made)
    told = figures_of(SuiteRun("s", {}, (), grounding=made)).words
    assert "altered by tables which the check's rules share" in told[-1]
    assert figures_of(SuiteRun("s", {}, (), grounding=labelled)).words == ()
