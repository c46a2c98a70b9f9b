"""How alike people are answered, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from learning.evaluation.fairness.fair_run import Came, MannerFigures
from learning.evaluation.report.report import number, print_rows

if TYPE_CHECKING:
    from rich.console import Console

_HEAD = ("manner", "same", "95 % interval", "at least", "rightly answered", "95 % interval", "verdict")


def print_fairness(suite: str, figures: Sequence[MannerFigures], console: Console | None = None) -> None:
    """The share of pairs that came out the same, by manner, with how many more or fewer of the second of them
    were rightly answered; then the worst pairs."""
    print_rows(f"{suite}: same outcome and entry", _HEAD, [_row(each) for each in figures], console)
    for each in figures:
        for pair in each.worst:
            texts = (pair.twin.first.question.text, pair.twin.second.question.text)
            line = f"{each.manner}: {texts[0]!r} {_told(pair.first)}, {texts[1]!r} {_told(pair.second)}"
            print(line)


def _row(figures: MannerFigures) -> tuple[str, ...]:
    equal, loss = figures.equal, figures.loss
    change = (
        (
            number(loss.value, signed=True),
            f"{number(loss.low, signed=True)} to {number(loss.high, signed=True)}",
        )
        if loss
        else ("", "")
    )
    interval = f"{number(equal.low)} to {number(equal.high)}"
    verdict = "alike" if figures.fair else "not alike"
    return figures.manner, number(equal.value), interval, number(figures.least), *change, verdict


def _told(came: Came) -> str:
    return " ".join((came.outcome.value, *came.cited))
