"""From what an evaluation saw to its figures, section by section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from learning.evaluation.bootstrap import Bootstrap
from learning.evaluation.curves import curves_of
from learning.evaluation.examples import examples_of
from learning.evaluation.measures import END_TO_END, RETRIEVAL, Measure, kinds_of, unit_of, would_be_wrong
from learning.evaluation.records import CaseResult, Estimate, SuiteFigures, SuiteRun
from learning.evaluation.rewriter_figures import rewriter_figures
from learning.evaluation.scored import Scored, candidates, gate_scores, in_scope, pairs, threshold_of
from learning.evaluation.statistics import (
    auroc,
    calibration_error,
    precision_recall,
    quantile,
    risk_coverage_area,
    share,
)
from pipeline.turn import Topic

Section = dict[str, Estimate]


def figures_of(run: SuiteRun, *, seed: int = 0) -> SuiteFigures:
    """All figures that the run allows, each with its interval; what it does not allow is left out. A figure
    of one kind of case is named after it: "R@1 [crowd]"."""
    cases = Bootstrap([unit_of(result.case) for result in run.cases], seed=seed)
    threshold = threshold_of(run)
    sections = {
        "gate": _gate(run.cases, cases, seed),
        "rewriter": rewriter_figures(run.cases, cases),
        "retrieval": _measured(run.cases, cases, RETRIEVAL),
        "relevance": {
            **_judged("pairs", pairs(run.relevance), threshold, seed),
            **_judged("candidates", candidates(run.cases), threshold, seed),
        },
        "grounding": _by_kind(pairs(run.grounding), seed),
        "end to end": _measured(run.cases, cases, END_TO_END) | _risk(run.cases, cases),
        "latency": _latency(run.cases, cases),
    }
    return SuiteFigures(
        suite=run.suite,
        system=run.system,
        sections={name: section for name, section in sections.items() if section},
        curves=curves_of(run),
        examples=examples_of(run, seed=seed),
    )


def of_kind(name: str, kind: str) -> str:
    """The name of a figure that counts one kind alone."""
    return f"{name} [{kind}]"


def _kept(named: Mapping[str, Estimate | None]) -> Section:
    return {name: estimate for name, estimate in named.items() if estimate}


def _measured(
    results: Sequence[CaseResult], bootstrap: Bootstrap, measures: Mapping[str, Measure]
) -> Section:
    """Each measure in all, and by kind where there are several."""
    found: dict[str, Estimate | None] = {}
    for name, measure in measures.items():
        asked = [place for place, result in enumerate(results) if measure.among(result)]
        kinds = kinds_of([results[place] for place in asked])
        found[name] = _mean(results, bootstrap, measure, asked)
        for kind in kinds if len(kinds) > 1 else ():
            of_this = [place for place in asked if results[place].case.kind == kind]
            found[of_kind(name, kind)] = _mean(results, bootstrap, measure, of_this)
    return _kept(found)


def _mean(
    results: Sequence[CaseResult], bootstrap: Bootstrap, measure: Measure, rows: Sequence[int]
) -> Estimate | None:
    values = np.array([measure.value(results[place]) for place in rows], dtype=np.float64)
    every = np.ones(len(rows))
    return bootstrap.estimate(partial(share, values, every), np.array(rows, dtype=np.intp))


def _gate(results: Sequence[CaseResult], bootstrap: Bootstrap, seed: int) -> Section:
    """The gate's probability tells what is in scope from what is not; its verdict lets in or turns away.
    What is on topic but has no answer may go either way, so it counts by kind alone."""
    seen = [result for result in results if result.topic]
    let_in = Measure(lambda result: result.topic == Topic.ON_TOPIC, lambda r: bool(r.topic) and in_scope(r))
    turned_away = Measure(
        lambda result: result.topic != Topic.ON_TOPIC, lambda r: bool(r.topic) and not in_scope(r)
    )
    return _by_kind(gate_scores(seen), seed) | _measured(
        results, bootstrap, {"recall in scope": let_in, "turned away": turned_away}
    )


def _judged(name: str, scored: Scored, threshold: float, seed: int) -> Section:
    """How well probabilities tell, and how true they are; precision and recall where the stage decides."""
    said, truth = scored.probabilities, scored.positive
    bootstrap = Bootstrap(scored.units, seed=seed)
    section: dict[str, Estimate | None] = {
        "precision": bootstrap.estimate(lambda w: precision_recall(said, truth, threshold, w)[0]),
        "recall": bootstrap.estimate(lambda w: precision_recall(said, truth, threshold, w)[1]),
        "ECE": bootstrap.estimate(partial(calibration_error, said, truth)),
        "ECE, equal bins": bootstrap.estimate(partial(calibration_error, said, truth, adaptive=True)),
    }
    named = {**_by_kind(scored, seed), **_kept(section)}
    return {f"{name}: {figure}": estimate for figure, estimate in named.items()}


def _by_kind(scored: Scored, seed: int) -> Section:
    """AUROC in all and by kind. A kind that holds one class alone is held against all of the other class."""
    bootstrap = Bootstrap(scored.units, seed=seed)
    kinds = list(dict.fromkeys(scored.kinds))
    found = {"AUROC": _auroc(scored, bootstrap, np.arange(len(scored.units)))}
    for kind in kinds if len(kinds) > 1 else ():
        here = np.array([each == kind for each in scored.kinds])
        classes = set(scored.positive[here].tolist())
        rows = here if len(classes) > 1 else here | (scored.positive != classes.pop())
        if len(classes) > 1 or not scored.positive[here].any():
            found[of_kind("AUROC", kind)] = _auroc(scored, bootstrap, np.flatnonzero(rows))
    return _kept(found)


def _auroc(scored: Scored, bootstrap: Bootstrap, rows: NDArray[np.intp]) -> Estimate | None:
    return bootstrap.estimate(partial(auroc, scored.probabilities[rows], scored.positive[rows]), rows)


def _risk(results: Sequence[CaseResult], bootstrap: Bootstrap) -> Section:
    confidence = np.array([result.confidence for result in results])
    wrong = np.array([would_be_wrong(result) for result in results])
    return _kept({"risk-coverage area": bootstrap.estimate(partial(risk_coverage_area, confidence, wrong))})


def _latency(results: Sequence[CaseResult], bootstrap: Bootstrap) -> Section:
    timed = np.array([place for place, each in enumerate(results) if each.elapsed_ms > 0], dtype=np.intp)
    spent = np.array([results[place].elapsed_ms for place in timed])
    levels = {"p50 ms": 0.5, "p99 ms": 0.99}
    return _kept(
        {name: bootstrap.estimate(partial(quantile, spent, level), timed) for name, level in levels.items()}
    )
