"""Candor on public sets, through the service's chain, beside what others report on them.

    make anchors DATA=folder
    python -m bench.anchors folder [--limit N] [--only hint3 …]

The folder is yours and holds, each below its name, what you have of

    hint3      hellohaptik/HINT3's `dataset/v2`, or BOT_train.jsonl and BOT_test.jsonl
    clinc150   clinc/oos-eval's `data`, with data_full.json, or clinc150_train.jsonl and clinc150_val.jsonl
    stackfaq   ML-Recipes/BERT-FAQ's `data/StackFAQ`, with stackExchange-FAQ.xml
    mtrag      kb_*.jsonl and tasks_*.jsonl

What is missing is said. An intent is an entry, its training messages are the wordings of its question; all
else is as served. Of each figure it is said where its threshold was chosen.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from app.cli.evaluation import Bench, opened_bench, settings_with
from learning.evaluation.anchors.measures import (
    NOTHING,
    Guess,
    best_line,
    decided,
    guess_of,
    in_and_out,
    matthews,
    mean_average_precision,
    recall_at,
)
from learning.evaluation.anchors.published import OF
from learning.evaluation.anchors.readers import clinc150, hint3_bots, stack_faq, suite_of
from learning.evaluation.layouts.rows import SuiteError
from learning.evaluation.layouts.suites import load_suite
from learning.evaluation.records import CaseResult, Suite
from learning.evaluation.report.report import print_rows
from pipeline.turn import SearchQuery

Row = tuple[str, str, float, str]
"""The anchor, the measure, the figure, and how its threshold came about."""
OWN = "none chosen: the service's own lines"
BEST = "best on the test set, as in what is published"
HALVES = "best on the other half of the test set"


class Asked:
    """A bench that puts at most `limit` messages of a suite to a release of its knowledge base."""

    def __init__(self, bench: Bench, limit: int | None) -> None:
        self._bench, self._limit = bench, limit

    def __call__(self, suite: Suite) -> Sequence[CaseResult]:
        cases = list(suite.cases)
        if self._limit and len(cases) > self._limit:
            cases = random.Random(0).sample(cases, self._limit)  # noqa: S311 (repeatable on purpose)
        return self._bench.ask(replace(suite, cases=tuple(cases)), lambda *_: None).cases

    def judged(self, results: Sequence[CaseResult]) -> list[Guess]:
        """What retrieval and the relevance check say of the same messages by themselves, whatever the gate
        and the rewriter made of them."""
        return self._bench.runner.run(self._judged(results))

    async def _judged(self, results: Sequence[CaseResult]) -> list[Guess]:
        stages, guesses = self._bench.chain.stages, []
        for result in results:
            query = SearchQuery(result.case.question.text)
            evidence = await stages.relevance(query, await stages.retrieval(query))
            label, surely = max(evidence.judged, key=lambda each: each[1], default=(NOTHING, 0.0))
            guesses.append(Guess(label, surely, result.case.entry_ids))
        return guesses


def hint3(folder: Path, asked: Asked) -> Iterator[Row]:
    """The Matthews correlation of each bot."""
    for bot, train, test in hint3_bots(folder):
        results = asked(suite_of(bot, train, test))
        guesses = [guess_of(result) for result in results]
        name = f"hint3/{bot}"
        yield name, "MCC", matthews(guesses, best_line(guesses)), BEST
        alone = asked.judged(results)
        yield name, "MCC, without gate and rewriter", matthews(alone, best_line(alone)), BEST
        parts = guesses[::2], guesses[1::2]
        across = [matthews(here, best_line(there)) for here, there in (parts, parts[::-1])]
        yield name, "MCC", sum(across) / 2, HALVES
        yield name, "MCC", matthews([decided(result) for result in results], 0.5), OWN


def clinc(folder: Path, asked: Asked) -> Iterator[Row]:
    """The intents of messages in scope, and how many of the others are noticed."""
    results = asked(suite_of("clinc150", *clinc150(folder)))
    guesses = [guess_of(result) for result in results]
    for row, how in (
        (in_and_out([decided(result) for result in results], 0.5), OWN),
        (in_and_out(guesses, best_line(guesses)), BEST.partition(",")[0] + ", by MCC"),
    ):
        for side, figure in zip(("in scope", "out of scope"), row, strict=True):
            yield f"clinc150/{side}", "accuracy" if side == "in scope" else "recall", figure, how


def stackfaq(folder: Path, asked: Asked) -> Iterator[Row]:
    """The ranking of the threads for another wording of their question; the first ten are kept."""
    results = asked(stack_faq(folder / "stackExchange-FAQ.xml"))
    found = [result.found for result in results]
    yield (
        "stackfaq",
        "MAP",
        mean_average_precision(found, [result.case.entry_ids for result in results]),
        "no threshold",
    )


def mtrag(folder: Path, asked: Asked) -> Iterator[Row]:
    """Passages found for a turn by the query that the chain made of it."""
    suite = load_suite(folder)
    results = asked(replace(suite, cases=tuple(case for case in suite.cases if case.answerable)))
    true = [result.case.entry_ids for result in results]
    yield (
        "mtrag",
        "recall at 5, query of the chain",
        recall_at([each.found for each in results], true, 5),
        "no threshold",
    )
    last = recall_at([each.found_raw for each in results], true, 5)
    yield "mtrag", "recall at 5, message alone", last, "no threshold"


ANCHORS: dict[str, Callable[[Path, Asked], Iterator[Row]]] = {
    "hint3": hint3,
    "clinc150": clinc,
    "stackfaq": stackfaq,
    "mtrag": mtrag,
}


def told(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Each figure of ours, followed by those published of the same anchor."""
    table: list[tuple[str, ...]] = []
    for place, (anchor, measure, figure, how) in enumerate(rows):
        table.append((anchor, measure, "Candor", f"{figure:.3f}", how, ""))
        if place + 1 == len(rows) or rows[place + 1][0] != anchor:
            table += (
                (anchor, measure, p.system, f"{p.figure:.3f}", p.how, p.source) for p in OF.get(anchor, ())
            )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, help="at most so many messages of a set, always the same ones")
    parser.add_argument("--only", nargs="+", choices=sorted(ANCHORS), default=sorted(ANCHORS))
    given = parser.parse_args()
    with asyncio.Runner() as runner, opened_bench(settings_with(None), runner, lambda *_: None) as bench:
        for name in given.only:
            try:
                rows = [*ANCHORS[name](given.data / name, Asked(bench, given.limit))]
            except (SuiteError, OSError) as error:
                print(f"{name}: left out: {error}")
                continue
            if not rows:
                print(f"{name}: left out: {given.data / name} holds nothing of it")
                continue
            print_rows(name, ("anchor", "measure", "system", "figure", "threshold", "source"), told(rows))


if __name__ == "__main__":
    main()
