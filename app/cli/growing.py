"""`candor eval --grow`: what becomes of messages while an owner learns from others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.cli.evaluation import Bench, opened_bench, read_suite, settings_with
from app.cli.failures import Failed
from app.cli.progress import progress
from knowledge.progress import Show
from learning.evaluation.growth import Growing, Grown, Plan, grown, planned
from learning.evaluation.records import Case, CaseResult, Suite
from learning.evaluation.report.growth_report import print_growth, write_growth
from learning.evaluation.runner import run_cases


def grow_suites(
    folders: Sequence[Path], limit: int | None, page: Path | None, profile: str | None = None
) -> None:
    """Grows each suite's knowledge base aside, shows the figures of every step, and writes them as a page
    with plots. Raises `Failed`, and what building and turns raise."""
    if page and not page.absolute().parent.is_dir():  # told now, rather than after a long run
        raise Failed(f"{page}: there is no such folder.")
    plans = [(suite, _plan(suite)) for suite in (read_suite(folder, limit) for folder in folders)]
    figures: dict[str, list[Grown]] = {}
    with (
        progress() as show,
        asyncio.Runner() as runner,
        opened_bench(settings_with(profile), runner, show) as bench,
    ):
        for suite, plan in plans:
            figures[suite.name] = _grown(bench, suite, plan, show)
    for name, steps in figures.items():
        print_growth(name, steps)
    if page:
        write_growth(page, figures)


def _plan(suite: Suite) -> Plan:
    plan = planned(suite)
    if not suite.entries or not plan.arriving or not any(case.answerable for case in plan.kept):
        raise Failed(f"{suite.name}: growing needs a knowledge base and questions that it answers.")
    return plan


def _grown(bench: Bench, suite: Suite, plan: Plan, show: Show) -> list[Grown]:
    """The kept messages before anything came in, and after each part of what did."""
    owner, came, steps = Growing.of(suite, plan), 0, []
    for arriving in (*plan.slices(), ()):
        bench.serve(replace(suite, entries=tuple(owner.entries.values())), show)
        kept = _asked(bench, suite, plan.kept, show)
        steps.append(grown(came / len(plan.arriving), owner.added, kept))
        for result in _asked(bench, suite, arriving, show) if arriving else ():
            owner.learn(result)
        came += len(arriving)
    return steps


def _asked(bench: Bench, suite: Suite, cases: tuple[Case, ...], show: Show) -> Sequence[CaseResult]:
    return bench.runner.run(run_cases(bench.chain, replace(suite, cases=cases), show))
