"""Where to draw the lines between an answer, a choice and no answer, without asking anything again.

    candor eval SUITE… --json run.json
    python -m bench.judging run.json --nothing 1.2 1.8 3 --other .35 .6 1

Decides each question of the kept evaluations anew from what its relevance check said, for all combinations
of the costs given (see `Costs`), and prints what becomes of the questions. An entry that is accepted counts
as said whole. Questions that met no relevance check, or several searches, stay as they were. What other
wordings would have found is unknown where the first ones were answered.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from knowledge.types import Entry, Hit, Passage, View
from learning.evaluation.fates import Fate
from learning.evaluation.records import Attempt, CaseResult
from learning.evaluation.saved_runs import runs_from_json
from pipeline.stages.relevance.relevance_check import decided
from pipeline.stages.relevance.thresholds import COSTS, Costs, JudgeThresholds, WhenUnsure
from pipeline.turn import Accepted, Evidence, SearchQuery

_ANSWERABLE = (Fate.RIGHT_ALONE, Fate.OFFERED, Fate.REFUSED, Fate.WRONG)
_OTHERS = (Fate.ANSWERED, Fate.OFFERED, Fate.REFUSED)
_USUAL = COSTS[WhenUnsure.BALANCED]


def fate_with(result: CaseResult, costs: Costs) -> Fate | None:
    """What the case comes to where wrong answers, choices and refusals cost this much."""
    attempts = result.attempts
    if {attempt.search for attempt in attempts} != {1}:
        return result.fate
    thresholds = JudgeThresholds(costs=costs)
    evidence = _chosen(attempts, [_decided(attempt, thresholds) for attempt in attempts])
    wanted = result.case.entry_ids
    if evidence:
        right = evidence.accepted[0].hit.entry.id in wanted
        return Fate.RIGHT_ALONE if right else Fate.WRONG if wanted else Fate.ANSWERED
    offered = [item.hit.entry.id for item in evidence.offered]
    fits = not set(offered).isdisjoint(wanted) if wanted else bool(offered)
    return Fate.OFFERED if fits else Fate.REFUSED


def _decided(attempt: Attempt, thresholds: JudgeThresholds) -> Evidence:
    query = SearchQuery("", retry=attempt.retry, doubtful=attempt.doubtful)
    judged = [Accepted(_hit(entry_id), probability) for entry_id, probability in attempt.judged.items()]
    return decided(query, judged, attempt.answerable, thresholds)


def _chosen(attempts: Sequence[Attempt], found: Sequence[Evidence]) -> Evidence:
    """The attempt that counts, as `ChatPipeline` chooses it."""
    if attempts[0].used_history:
        return max(found, key=lambda evidence: evidence.support)
    answers = (evidence for evidence in found if evidence)
    offers = (evidence for evidence in found if evidence.offered)
    return next(answers, None) or next(offers, found[0])


def _hit(entry_id: str) -> Hit:
    entry = Entry(entry_id, "What?", "That.")
    return Hit(entry, Passage(entry_id, View.QUESTION, entry.question, 0, 5), 0.0, 0.0, 0.0, 0.0)


def rows(results: Sequence[CaseResult], grid: Sequence[Costs]) -> Iterator[tuple[Costs, list[float]]]:
    """For each point of the grid the share of each fate, of questions with an answer and of those without."""
    for costs in grid:
        fates = [(result.case.answerable, fate_with(result, costs)) for result in results]
        shares: list[float] = []
        for answerable, shown in ((True, _ANSWERABLE), (False, _OTHERS)):
            counted = Counter(fate for of, fate in fates if of is answerable and fate)
            total = counted.total() or 1
            shares += [counted[fate] / total for fate in shown]
        yield costs, shares


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+")
    names = ("nothing", "other", "offer", "vain")
    for name in names:
        parser.add_argument(f"--{name}", type=float, nargs="+", default=[getattr(_USUAL, name)])
    parser.add_argument("--kind", help="only questions of this kind or family")
    asked = parser.parse_args()
    results = [
        result
        for path in asked.runs
        for run in runs_from_json(path.read_text("utf-8"))
        for result in run.cases
        if result.fate and asked.kind in (None, result.case.kind, result.case.kind.partition("/")[0])
    ]
    grid = [Costs(*values) for values in product(*(getattr(asked, name) for name in names))]
    head = (*names, *_ANSWERABLE, *(f"no: {fate}" for fate in _OTHERS))
    print("  ".join(f"{name:>11}" for name in head))
    for costs, shares in rows(results, grid):
        values = (*(getattr(costs, name) for name in names), *shares)
        print("  ".join(f"{value:>11.3f}" for value in values))


if __name__ == "__main__":
    main()
