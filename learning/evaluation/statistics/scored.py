"""Rows of probability and truth, as they come from pairs, from the chain's candidates, or from the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.evaluation.records import CaseResult, PairResult, SuiteRun
from learning.evaluation.statistics.measures import in_scope, must_not_answer, unit_of
from pipeline.stages.relevance.thresholds import JudgeThresholds, answering_line
from pipeline.types import Outcome

RELEVANCE_THRESHOLD = "relevance_threshold"
"""Under this name a run's `system` tells where the relevance check drew its line."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Aligned rows; `units` as the bootstrap draws them."""

    probabilities: NDArray[np.float64]
    positive: NDArray[np.bool_]
    kinds: tuple[str, ...]
    units: tuple[str, ...]


def threshold_of(run: SuiteRun) -> float:
    """Where the relevance check of this run decided; the default line where the run does not say."""
    try:
        return float(run.system[RELEVANCE_THRESHOLD])
    except (KeyError, ValueError):
        return answering_line(JudgeThresholds().costs)


def pairs(results: Sequence[PairResult]) -> Scored:
    """What a single stage said of its pairs."""
    return _scored(
        [(each.probability, each.pair.positive, each.pair.kind, each.pair.group) for each in results]
    )


def candidates(results: Sequence[CaseResult]) -> Scored:
    """What the relevance check said of each candidate in the chain, against the suite's gold entries."""
    return _scored(
        [
            (probability, entry_id in result.case.entry_ids, result.case.kind, unit_of(result.case))
            for result in results
            for entry_id, probability in result.judged.items()
            if result.case.answerable or must_not_answer(result.case)
        ]
    )


def gate_scores(results: Sequence[CaseResult]) -> Scored:
    """The gate's probability that the message is on topic. Messages that are on topic without an answer, and
    those that need a question back, are neither in scope nor out of it. Empty where no gate was asked."""
    either_way = (Outcome.NO_ANSWER, Outcome.CLARIFY)
    return _scored(
        [
            (result.on_topic, in_scope(result.case), result.case.kind, unit_of(result.case))
            for result in results
            if result.topic and (in_scope(result.case) or result.case.expect not in either_way)
        ]
    )


def _scored(rows: Sequence[tuple[float, bool, str, str]]) -> Scored:
    return Scored(
        np.array([row[0] for row in rows], dtype=np.float64),
        np.array([row[1] for row in rows], dtype=np.bool_),
        tuple(row[2] for row in rows),
        tuple(row[3] for row in rows),
    )
