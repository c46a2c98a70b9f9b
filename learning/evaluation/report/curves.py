"""The plots of an evaluation, as points."""

from __future__ import annotations

import numpy as np

from learning.evaluation.records import Curve, SuiteRun
from learning.evaluation.statistics.measures import would_be_wrong
from learning.evaluation.statistics.scored import Scored, candidates, gate_scores, pairs
from learning.evaluation.statistics.second_opinions import cost_quality, opinions_of
from learning.evaluation.statistics.statistics import BINS, bins_of, risk_coverage

COVERAGE = "share of messages answered"
_RISK = "share of answers wrong"
_FALSE, _TRUE = "false positive rate", "true positive rate"
_SAID, _WAS = "probability said", "share that was positive"
_POINTS = 200  # as many as a plot can show

Points = tuple[tuple[float, float], ...]


def curves_of(run: SuiteRun) -> tuple[Curve, ...]:
    """Every curve for which the run holds rows of both classes."""
    judged = {"relevance, pairs": pairs(run.relevance), "relevance, candidates": candidates(run.cases)}
    told = {"gate": gate_scores(run.cases), **judged, "grounding": pairs(run.grounding)}
    risk = risk_coverage(
        [result.confidence for result in run.cases], [would_be_wrong(result) for result in run.cases]
    )
    curves = [
        Curve("end to end", COVERAGE, _RISK, _thinned(risk)),
        *(Curve(name, _SAID, _WAS, reliability(scored)) for name, scored in judged.items()),
        *(Curve(name, _FALSE, _TRUE, roc(scored)) for name, scored in told.items()),
        *(cost_quality(stage, opinions) for stage, opinions in opinions_of(run).items()),
    ]
    return tuple(curve for curve in curves if curve.points)


def roc(scored: Scored) -> Points:
    """From no row flagged to all; empty without rows of both classes."""
    ups, downs = int(scored.positive.sum()), int((~scored.positive).sum())
    if not ups or not downs:
        return ()
    order = np.argsort(-scored.probabilities, kind="stable")
    ranked, truth = scored.probabilities[order], scored.positive[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    rises, runs = np.cumsum(truth)[ends] / ups, np.cumsum(~truth)[ends] / downs
    return _thinned(((0.0, 0.0), *zip(map(float, runs), map(float, rises), strict=True)))


def reliability(scored: Scored) -> Points:
    """For each bin of equal width that holds rows: their mean probability, and their share of positives."""
    bins = bins_of(scored.probabilities)
    return tuple(
        (float(scored.probabilities[bins == each].mean()), float(scored.positive[bins == each].mean()))
        for each in range(BINS)
        if (bins == each).any()
    )


def _thinned(points: Points) -> Points:
    """Evenly chosen points, first and last among them."""
    if len(points) <= _POINTS:
        return points
    return tuple(points[place] for place in np.linspace(0, len(points) - 1, _POINTS).round().astype(int))
