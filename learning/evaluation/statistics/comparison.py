"""Whether one system is better than another on the same cases, and on which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learning.evaluation.records import CaseResult, Estimate, SuiteRun
from learning.evaluation.statistics.bootstrap import Bootstrap
from learning.evaluation.statistics.measures import SECTIONS, Measure, right, unit_of
from learning.evaluation.statistics.statistics import Floats, share


class NothingToCompare(ValueError):
    """Two runs have no case in common. The message names them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both systems on the cases that they share; `change` is the second's minus the first's."""

    before: float
    after: float
    change: Estimate
    rising: bool

    @property
    def clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.change.low > 0 or self.change.high < 0

    @property
    def better(self) -> bool:
        """Whether the change is clear and for the good."""
        return self.clear and (self.change.value > 0) is self.rising


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run of a suite to another, by section and figure. The case ids are those that
    turned from wrong to right and from right to wrong; `left_out` counts the cases that one run lacks."""

    suite: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    shared: int
    left_out: int
    sections: Mapping[str, Mapping[str, Difference]]
    turned_right: tuple[str, ...]
    turned_wrong: tuple[str, ...]


def compare(first: SuiteRun, second: SuiteRun, *, seed: int = 0) -> Comparison:
    """The differences from `first` to `second`, with paired 95 % intervals. Cases are the same where id and
    message are; raises `NothingToCompare` where none are."""
    others = {_key(result): result for result in second.cases}
    both = [(result, others[_key(result)]) for result in first.cases if _key(result) in others]
    if not both:
        raise NothingToCompare(
            f"{first.suite} ({len(first.cases)} cases) and {second.suite} ({len(second.cases)} cases) "
            "have no case in common, so there is nothing to compare."
        )
    bootstrap = Bootstrap([unit_of(result.case) for result, _ in both], seed=seed)
    return Comparison(
        suite=first.suite,
        before=first.system,
        after=second.system,
        shared=len(both),
        left_out=len(first.cases) + len(second.cases) - 2 * len(both),
        sections=_sections(both, bootstrap),
        turned_right=tuple(old.case.id for old, new in both if right(new) and not right(old)),
        turned_wrong=tuple(old.case.id for old, new in both if right(old) and not right(new)),
    )


def _key(result: CaseResult) -> tuple[str, str]:
    return result.case.id, result.case.question.text


def _sections(
    both: Sequence[tuple[CaseResult, CaseResult]], bootstrap: Bootstrap
) -> dict[str, dict[str, Difference]]:
    sections: dict[str, dict[str, Difference]] = {}
    for section, measures in SECTIONS.items():
        found = {name: _difference(measure, both, bootstrap) for name, measure in measures.items()}
        sections[section] = {name: each for name, each in found.items() if each}
    return {name: section for name, section in sections.items() if section}


def _difference(
    measure: Measure, both: Sequence[tuple[CaseResult, CaseResult]], bootstrap: Bootstrap
) -> Difference | None:
    """None where one of the systems was never asked."""
    (before, asked_before), (after, asked_after) = (
        _rows(measure, [pair[side] for pair in both]) for side in (0, 1)
    )

    def change(weights: Floats) -> Floats:
        return share(after, asked_after, weights) - share(before, asked_before, weights)

    estimate = bootstrap.estimate(change)
    if not estimate:
        return None
    values = float(share(before, asked_before)), float(share(after, asked_after))
    return Difference(*values, estimate, measure.rising)


def _rows(measure: Measure, results: Sequence[CaseResult]) -> tuple[Floats, Floats]:
    """Each result's value, and whether it is asked for."""
    asked = [measure.among(result) for result in results]
    values = [measure.value(result) if wanted else 0.0 for result, wanted in zip(results, asked, strict=True)]
    return np.array(values, dtype=np.float64), np.array(asked, dtype=np.float64)
