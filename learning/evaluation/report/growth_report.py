"""What use made of a knowledge base, as a table and as a page with plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from learning.evaluation.growth import FATES, Grown, curves
from learning.evaluation.report.html_report import framed, plots, table
from learning.evaluation.report.report import print_rows

if TYPE_CHECKING:
    from rich.console import Console

_KINDS = ("alternates", "choices", "closed gaps")
HEAD = ("came in", *_KINDS, *FATES, "answered without an entry")
_LEAD = (
    "Half of the messages that have an answer came in, in steps, and their owner learned from them; the "
    "shares are of the other half, asked after each step. The last column is of messages that no entry "
    "answers."
)


def print_growth(name: str, steps: Sequence[Grown], console: Console | None = None) -> None:
    """A suite's steps as a table, on a console (by default standard output)."""
    print_rows(f"{name}: growing", HEAD, [_row(step) for step in steps], console)


def write_growth(path: Path, figures: Mapping[str, Sequence[Grown]]) -> None:
    """Writes a page with each suite's table and curves. Raises `OSError`."""
    body = "".join(_article(name, steps) for name, steps in figures.items())
    path.write_text(framed(f"Growing: {', '.join(figures)}", "Growing", _LEAD, body), encoding="utf-8")


def _article(name: str, steps: Sequence[Grown]) -> str:
    rows = [_row(step) for step in steps]
    return f"<article><h2>{escape(name)}</h2>{table(HEAD, rows)}{plots(curves(steps))}</article>"


def _row(step: Grown) -> tuple[str, ...]:
    counts = (str(step.added.get(kind, 0)) for kind in _KINDS)
    shares = (f"{step.fates[name]:.3f}" for name in FATES)
    answered = "" if step.answered is None else f"{step.answered:.3f}"
    return (f"{step.seen:.0%}", *counts, *shares, answered)
