"""Sections of a report: means over cases and judgements of rows, in all and by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from learning.evaluation.records import CaseResult, Estimate
from learning.evaluation.statistics.bootstrap import Bootstrap
from learning.evaluation.statistics.measures import Measure, groups_of
from learning.evaluation.statistics.scored import Scored
from learning.evaluation.statistics.statistics import auroc, calibration_error, precision_recall, share

Section = dict[str, Estimate]


def of_kind(name: str, kind: str) -> str:
    """The name of a figure that counts one kind alone."""
    return f"{name} [{kind}]"


def kept(named: Mapping[str, Estimate | None]) -> Section:
    """Without the figures that are not defined."""
    return {name: estimate for name, estimate in named.items() if estimate}


def measured(results: Sequence[CaseResult], bootstrap: Bootstrap, measures: Mapping[str, Measure]) -> Section:
    """Each measure in all, and by kind and family of kinds where there are several. `bootstrap` knows the
    results' units."""
    found: dict[str, Estimate | None] = {}
    for name, measure in measures.items():
        asked = [place for place, result in enumerate(results) if measure.among(result)]
        groups = groups_of([results[place] for place in asked])
        found[name] = _mean(results, bootstrap, measure, asked)
        for kind, places in groups.items() if len(groups) > 1 else ():
            of_this = [asked[place] for place in places]
            found[of_kind(name, kind)] = _mean(results, bootstrap, measure, of_this)
    return kept(found)


def separation(scored: Scored, seed: int) -> Section:
    """AUROC in all and by kind. A kind of negatives alone, such as one way to alter a text, is held against
    all positives; a kind of positives alone has no figure."""
    bootstrap = Bootstrap(scored.units, seed=seed)
    kinds = list(dict.fromkeys(scored.kinds))
    found = {"AUROC": _auroc(scored, bootstrap, np.arange(len(scored.units)))}
    for kind in kinds if len(kinds) > 1 else ():
        here = np.array([each == kind for each in scored.kinds])
        rows = here if scored.positive[here].any() else here | scored.positive
        found[of_kind("AUROC", kind)] = _auroc(scored, bootstrap, np.flatnonzero(rows))
    return kept(found)


def judgement(scored: Scored, threshold: float, seed: int) -> Section:
    """How well probabilities tell, what deciding at the threshold gives, and how true they are."""
    said, truth = scored.probabilities, scored.positive
    bootstrap = Bootstrap(scored.units, seed=seed)
    decided = {
        "precision": bootstrap.estimate(lambda w: precision_recall(said, truth, threshold, w)[0]),
        "recall": bootstrap.estimate(lambda w: precision_recall(said, truth, threshold, w)[1]),
        "ECE": bootstrap.estimate(partial(calibration_error, said, truth)),
        "ECE, equal bins": bootstrap.estimate(partial(calibration_error, said, truth, adaptive=True)),
    }
    return separation(scored, seed) | kept(decided)


def _mean(
    results: Sequence[CaseResult], bootstrap: Bootstrap, measure: Measure, rows: Sequence[int]
) -> Estimate | None:
    values = np.array([measure.value(results[place]) for place in rows], dtype=np.float64)
    every = np.ones(len(rows))
    return bootstrap.estimate(partial(share, values, every), np.array(rows, dtype=np.intp))


def _auroc(scored: Scored, bootstrap: Bootstrap, rows: NDArray[np.intp]) -> Estimate | None:
    return bootstrap.estimate(partial(auroc, scored.probabilities[rows], scored.positive[rows]), rows)
