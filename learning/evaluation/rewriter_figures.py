"""What the rewriter is worth: how much of what a human's wording would find, ours finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from learning.evaluation.bootstrap import Bootstrap
from learning.evaluation.records import CaseResult, Estimate
from learning.evaluation.statistics import Floats, hit_at, share

_DEPTH = 5


def rewriter_figures(results: Sequence[CaseResult], bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Over the cases with a human's wording that reached the rewriter: retrieval by raw message, our query
    and human wording, and the share of the gap between raw and human that ours closes (not defined where
    there is no gap). Over those whose wording the human left alone, and over the others: what we did."""
    rows = np.array(
        [place for place, each in enumerate(results) if each.case.rewrite and each.query], dtype=np.intp
    )
    told = [results[place] for place in rows]
    answerable = np.array([each.case.answerable and bool(each.found_rewrite) for each in told], dtype=bool)
    raw, ours, human = (
        _hits(told, ranked)
        for ranked in (lambda r: r.found_raw, lambda r: r.found, lambda r: r.found_rewrite)
    )
    alone = np.array([_same(each.case.rewrite, each.case.question.text) for each in told], dtype=bool)
    kept = np.array([_same(each.query, each.case.question.text) for each in told], dtype=bool)

    def gap_closed(weights: Floats) -> Floats:
        low, mid, high = (share(values, answerable, weights) for values in (raw, ours, human))
        gap = np.where(high > low, high - low, np.nan)
        return np.asarray((mid - low) / gap)

    figures = {
        "R@5 raw message": bootstrap.estimate(lambda w: share(raw, answerable, w), rows),
        "R@5 our rewrite": bootstrap.estimate(lambda w: share(ours, answerable, w), rows),
        "R@5 human rewrite": bootstrap.estimate(lambda w: share(human, answerable, w), rows),
        "gap closed": bootstrap.estimate(gap_closed, rows),
        "standalone, unchanged": bootstrap.estimate(lambda w: share(kept, alone, w), rows),
        "needing history, changed": bootstrap.estimate(lambda w: share(~kept, ~alone, w), rows),
    }
    return {name: figure for name, figure in figures.items() if figure}


def _hits(results: Sequence[CaseResult], ranked: Callable[[CaseResult], tuple[str, ...]]) -> Floats:
    return np.array([hit_at(ranked(each), each.case.entry_ids, _DEPTH) for each in results], dtype=np.float64)


def _same(first: str, second: str) -> bool:
    return first.casefold().split() == second.casefold().split()
