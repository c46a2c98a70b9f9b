"""What a language model's word is worth: as much as it helps the specialist, else nothing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from learning.evaluation.records import CaseResult, SecondOpinion, SuiteRun
from learning.evaluation.statistics.figures import figures_of
from learning.evaluation.statistics.second_opinions import cost_quality, opinions_of, weight_of
from pipeline.stages.odds import log_odds, sigmoid
from pipeline.types import Outcome
from tests.learning.evaluation.evaluating import case, result


def run(accuracy: float, cases: int = 600) -> SuiteRun:
    """A specialist that is calibrated, and a model that is right so often, whatever the specialist says."""
    draw = random.Random(7)
    results = []
    for number in range(cases):
        first = sigmoid(draw.gauss(0, 1.5))
        truth = draw.random() < first
        vote = truth if draw.random() < accuracy else not truth
        asked = case(str(number), "a") if truth else case(str(number), expect=None)
        seen = result(asked, found=("a",), judged={"a": first})
        opinions = (SecondOpinion("gate", first, vote), SecondOpinion("relevance", first, vote))
        results.append(replace(seen, opinions=opinions, calls=2, prompt_tokens=100, completion_tokens=10))
    return SuiteRun("made up", {}, tuple(results))


@pytest.mark.parametrize("accuracy", [0.6, 0.8, 0.9])
def test_the_weight_is_the_evidence_that_the_word_brings(accuracy: float) -> None:
    found = opinions_of(run(accuracy))
    assert found.keys() == {"gate", "relevance"}
    for opinions in found.values():
        weight = weight_of(opinions)
        assert weight.low <= log_odds(accuracy) <= weight.high
        assert weight.low > 0


def test_a_graded_word_is_weighed_as_what_it_says() -> None:
    draw, results = random.Random(3), []
    for number in range(1500):
        log_odds_first, second = draw.gauss(0, 1), draw.random()
        truth = draw.random() < sigmoid(log_odds_first + 2.0 * (2 * second - 1))
        opinion = SecondOpinion("gate", sigmoid(log_odds_first), second)
        asked = case(str(number), "a") if truth else case(str(number), expect=None)
        results.append(replace(result(asked), opinions=(opinion,)))
    weight = weight_of(opinions_of(SuiteRun("made up", {}, tuple(results)))["gate"])
    assert weight.low <= 2.0 <= weight.high
    assert weight.high - weight.low > 0.4, "half a vote is half a measurement, at most"


def test_a_word_that_tells_nothing_weighs_nothing() -> None:
    assert weight_of(opinions_of(run(0.5))["gate"]).low == 0


def test_more_calls_buy_more_right_decisions_of_a_good_model() -> None:
    curve = cost_quality("gate", opinions_of(run(0.95))["gate"])
    (fewest, before), (most, after) = curve.points[0], curve.points[-1]
    assert fewest == 0 < most <= 1
    assert after > before + 0.05


def test_the_report_tells_what_a_turn_costs_and_says_nothing_without_calls() -> None:
    section = figures_of(run(0.8)).sections["language model"]
    assert section["calls a turn"].value == section["most calls of a turn"].value == 2
    assert section["prompt tokens a turn"].value == 100
    assert 0.7 < section["right by itself, gate"].value < 0.9
    silent: CaseResult = result(case("one", "a"), "a", outcome=Outcome.ANSWERED)
    assert "language model" not in figures_of(SuiteRun("s", {}, (silent,))).sections
