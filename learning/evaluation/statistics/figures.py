"""From what an evaluation saw to its figures, section by section."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from learning.evaluation.layouts.examples import examples_of
from learning.evaluation.records import CaseResult, SuiteFigures, SuiteRun
from learning.evaluation.report.curves import curves_of
from learning.evaluation.report.plain_words import in_plain_words
from learning.evaluation.report.sections import Section, judgement, kept, measured, separation
from learning.evaluation.statistics.bootstrap import Bootstrap
from learning.evaluation.statistics.measures import (
    END_TO_END,
    GATE,
    LANGUAGE_MODEL,
    REPLIES,
    RETRIEVAL,
    REWRITER,
    REWRITTEN,
    unit_of,
    would_be_wrong,
)
from learning.evaluation.statistics.scored import candidates, gate_scores, pairs, threshold_of
from learning.evaluation.statistics.second_opinions import worth
from learning.evaluation.statistics.statistics import Floats, quantile, risk_coverage_area, share
from learning.evaluation.voice import voice_figures


def figures_of(run: SuiteRun, *, seed: int = 0) -> SuiteFigures:
    """All figures that the run allows, each with its interval; what it does not allow is left out. A figure
    of one kind of case is named after it: "R@1 [crowd]"."""
    units = Bootstrap([unit_of(result.case) for result in run.cases], seed=seed)
    threshold = threshold_of(run)
    judged = {"pairs": pairs(run.relevance), "candidates": candidates(run.cases)}
    sections = {
        "replies": measured(run.cases, units, REPLIES),
        "gate": separation(gate_scores(run.cases), seed) | measured(run.cases, units, GATE),
        "rewriter": measured(run.cases, units, REWRITER) | _gap_closed(run.cases, units),
        "retrieval": measured(run.cases, units, RETRIEVAL),
        "relevance": {
            f"{rows}: {name}": figure
            for rows, scored in judged.items()
            for name, figure in judgement(scored, threshold, seed).items()
        },
        "grounding": separation(pairs(run.grounding), seed),
        "voice": voice_figures(run.voice, seed),
        "end to end": measured(run.cases, units, END_TO_END) | _risk(run.cases, units),
        "language model": _spent(run.cases, units) | worth(run),
        "latency": _latency(run.cases, units),
    }
    return SuiteFigures(
        suite=run.suite,
        system=run.system,
        sections={name: section for name, section in sections.items() if section},
        curves=curves_of(run),
        examples=examples_of(run, seed=seed),
        words=in_plain_words(run, sections["replies"]),
    )


def _gap_closed(results: Sequence[CaseResult], units: Bootstrap) -> Section:
    """Of what a human's wording finds beyond the raw message, the share that ours finds. Not defined where
    the human's finds no more."""
    asked = [place for place, result in enumerate(results) if REWRITTEN["human"].among(result)]
    every = np.ones(len(asked))
    raw, ours, human = (
        np.array([REWRITTEN[name].value(results[place]) for place in asked], dtype=np.float64)
        for name in ("raw", "ours", "human")
    )

    def closed(weights: Floats) -> Floats:
        low, reached, high = (share(values, every, weights) for values in (raw, ours, human))
        return np.asarray((reached - low) / np.where(high > low, high - low, np.nan))

    return kept({"gap closed": units.estimate(closed, np.array(asked, dtype=np.intp))})


def _risk(results: Sequence[CaseResult], units: Bootstrap) -> Section:
    confidence = np.array([result.confidence for result in results])
    wrong = np.array([would_be_wrong(result) for result in results])
    return kept({"risk-coverage area": units.estimate(partial(risk_coverage_area, confidence, wrong))})


def _spent(results: Sequence[CaseResult], units: Bootstrap) -> Section:
    """Empty where no turn called a language model."""
    if not any(result.calls for result in results):
        return {}
    most = partial(quantile, np.array([float(result.calls) for result in results]), 1.0)
    return measured(results, units, LANGUAGE_MODEL) | kept({"most calls of a turn": units.estimate(most)})


def _latency(results: Sequence[CaseResult], units: Bootstrap) -> Section:
    timed = np.array([place for place, each in enumerate(results) if each.elapsed_ms > 0], dtype=np.intp)
    spent = np.array([results[place].elapsed_ms for place in timed])
    levels = {"p50 ms": 0.5, "p99 ms": 0.99}
    return kept(
        {name: units.estimate(partial(quantile, spent, level), timed) for name, level in levels.items()}
    )
