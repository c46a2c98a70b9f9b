"""What a language model's yes or no is worth beside the specialist's probability, and where to ask for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.evaluation.records import CaseResult, Curve, Estimate, SuiteRun
from learning.evaluation.statistics.measures import in_scope, must_not_answer
from learning.evaluation.statistics.scored import threshold_of
from pipeline.llm_stages.band import Band, vote
from pipeline.stages.odds import log_odds, sigmoid
from pipeline.stages.relevance.thresholds import JudgeThresholds
from pipeline.types import Outcome

MOST = 6.0
"""No weight is larger: it would take a model that is never wrong."""
_GRID = np.arange(0.0, MOST + 0.01, 0.05)
_Z = 1.96
_STEPS = 12  # points of a curve
_EITHER_WAY = (Outcome.NO_ANSWER, Outcome.CLARIFY)


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """Aligned rows of one stage: log-odds of the specialist, the model's vote (-1 to 1), and the truth; a
    row for each of the `turns` in which both were asked. The stage decides at `threshold`."""

    first: NDArray[np.float64]
    vote: NDArray[np.float64]
    truth: NDArray[np.bool_]
    threshold: float
    turns: int

    def right(self, band: Band) -> float:
        """The share of right decisions where the model is asked within the band alone."""
        asked = self.asked(band)
        decided = self.first + np.where(asked, band.weight * self.vote, 0.0)
        return float(np.mean((decided >= log_odds(self.threshold)) == self.truth))

    def asked(self, band: Band) -> NDArray[np.bool_]:
        return np.array([band.covers(sigmoid(each)) for each in self.first], dtype=np.bool_)


def opinions_of(run: SuiteRun) -> dict[str, Opinions]:
    """By stage: the gate, whether a message is in scope; the relevance check, whether anything that was found
    answers, at the first attempt. Empty where no second opinion was had."""
    gate = [(each, in_scope(each.case)) for each in run.cases if _is_clear(each)]
    relevance = [
        (each, any(entry_id in each.case.entry_ids for entry_id in each.judged))
        for each in run.cases
        if each.case.answerable or must_not_answer(each.case)
    ]
    lines = {"gate": JudgeThresholds().gate, "relevance": threshold_of(run)}
    found = {
        stage: _rows(stage, rows, lines[stage]) for stage, rows in (("gate", gate), ("relevance", relevance))
    }
    return {stage: rows for stage, rows in found.items() if len(rows.truth)}


def weight_of(opinions: Opinions) -> Estimate:
    """The log-odds that a whole vote adds: logistic regression with the specialist's log-odds as its offset,
    and the interval by the curvature of the likelihood. What to use is the lower end: a word counts as far as
    it surely helps."""
    losses = np.array([_loss(opinions, weight) for weight in _GRID])
    best = float(_GRID[int(losses.argmin())])
    said = 1 / (1 + np.exp(-(opinions.first + best * opinions.vote)))
    spread = _Z / math.sqrt(max(float((opinions.vote**2 * said * (1 - said)).sum()), 1e-9))
    return Estimate(best, max(0.0, best - spread), min(MOST, best + spread), len(opinions.truth))


def worth(run: SuiteRun) -> dict[str, Estimate]:
    """The weight of each stage's second opinion, and its share of right votes."""
    found: dict[str, Estimate] = {}
    for stage, opinions in opinions_of(run).items():
        found[f"weight of its word, {stage}"] = weight_of(opinions)
        agrees = (opinions.vote > 0) == opinions.truth
        share = float(agrees.mean())
        spread = _Z * math.sqrt(share * (1 - share) / len(agrees))
        found[f"right by itself, {stage}"] = Estimate(
            share, max(0.0, share - spread), min(1.0, share + spread), len(agrees)
        )
    return found


def cost_quality(stage: str, opinions: Opinions) -> Curve:
    """Calls a turn against right decisions, from never asking to asking wherever the answer could count."""
    weight = weight_of(opinions).value
    points: dict[float, float] = {}
    for step in range(_STEPS + 1):
        reach = Band.around(opinions.threshold, weight * step / _STEPS)
        band = Band(reach.low, reach.high, weight)
        calls = float(opinions.asked(band).sum()) / opinions.turns
        points[calls] = max(points.get(calls, 0.0), opinions.right(band))
    return Curve(f"second opinion, {stage}", "calls a turn", "right decisions", tuple(sorted(points.items())))


def _is_clear(result: CaseResult) -> bool:
    return in_scope(result.case) or result.case.expect not in _EITHER_WAY


def _rows(stage: str, rows: Sequence[tuple[CaseResult, bool]], threshold: float) -> Opinions:
    asked = [
        (log_odds(opinion.first), vote(opinion.second), truth)
        for result, truth in rows
        for opinion in [each for each in result.opinions if each.stage == stage][:1]
    ]
    first, votes, truths = zip(*asked, strict=True) if asked else ((), (), ())
    return Opinions(
        np.array(first, dtype=np.float64),
        np.array(votes, dtype=np.float64),
        np.array(truths, dtype=np.bool_),
        threshold,
        max(1, len(rows)),
    )


def _loss(opinions: Opinions, weight: float) -> float:
    sign = np.where(opinions.truth, 1.0, -1.0)
    return float(np.logaddexp(0, -sign * (opinions.first + weight * opinions.vote)).sum())
