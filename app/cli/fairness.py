"""`candor eval --fair`: whether a question is answered alike, whoever asks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.cli.evaluation import opened_bench, read_suite
from app.cli.failures import Failed
from app.cli.progress import progress
from app.settings import Settings
from learning.evaluation.fairness.fair_run import MannerFigures, figures_of_pairs, run_twins
from learning.evaluation.fairness.variants import read_manners, twins_of
from learning.evaluation.records import Suite

Figures = Mapping[str, Sequence[MannerFigures]]


def evaluate_fairness(
    paths: Sequence[Path], limit: int | None, save: Path | None, settings: Settings
) -> None:
    """Measures the suites at `paths`, at most `limit` questions of a kind, and shows how many pairs came out
    the same, and the worst. Raises `Failed` where a pair of too many did not, and what turns raise."""
    from learning.evaluation.report.fairness_report import print_fairness

    suites = [read_suite(path, limit) for path in paths]
    figures = _measured(suites, settings)
    if save:
        told = {name: [_plain(each) for each in found] for name, found in figures.items()}
        save.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    for name, found in figures.items():
        print_fairness(name, found)
    unfair = [f"{name}: {each.manner}" for name, found in figures.items() for each in found if not each.fair]
    if unfair:
        raise Failed(f"Not alike often enough: {', '.join(unfair)}.")


def _measured(suites: Sequence[Suite], settings: Settings) -> Figures:
    manners = read_manners(settings.seeds_dir)
    figures = {}
    with (
        progress() as show,
        asyncio.Runner() as runner,
        opened_bench(settings, runner, show) as bench,
    ):
        for suite in suites:
            bench.serve(suite, show)
            twins = list(twins_of(suite.cases, manners))
            pairings = runner.run(run_twins(bench.chain, suite, twins, show))
            figures[suite.name] = figures_of_pairs(pairings, manners)
    return figures


def _plain(figures: MannerFigures) -> dict[str, Any]:
    worst = [
        {
            "case": each.twin.first.id,
            "messages": [each.twin.first.question.text, each.twin.second.question.text],
            "outcomes": [each.first.outcome.value, each.second.outcome.value],
            "cited": [each.first.cited, each.second.cited],
        }
        for each in figures.worst
    ]
    loss = asdict(figures.loss) if figures.loss else None
    return {
        "manner": figures.manner,
        "least": figures.least,
        "fair": figures.fair,
        "equal": asdict(figures.equal),
        "change_of_right": loss,
        "worst": worst,
    }
