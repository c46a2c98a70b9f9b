"""An evaluation on the terminal: a table where people look, plain lines where programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from learning.evaluation.records import Estimate, SuiteFigures
from learning.evaluation.statistics.comparison import Comparison, Difference
from learning.voice.phrase_report import HEAD as PHRASE_HEAD
from learning.voice.phrase_report import phrase_rows
from learning.voice.phrases import Phrases

if TYPE_CHECKING:
    from rich.console import Console

HEAD = ("figure", "value", "95 % interval", "n")
CHANGE_HEAD = ("figure", "before", "after", "change", "95 % interval", "verdict")
_LARGE = 10  # from here on one decimal tells enough


def print_table(figures: SuiteFigures, console: Console | None = None) -> None:
    """A suite's figures section by section, then its failures, on a console (by default standard output)."""
    console = console or _console()
    _line(console, f"{figures.suite}: {described(figures.system)}")
    for line in figures.words:
        _line(console, line)
    for name, section in figures.sections.items():
        _table(console, name, HEAD, [figure_row(figure, each) for figure, each in section.items()])
    for example in figures.examples:
        failure = f"{example.problem} [{example.kind}] {example.case_id}: {example.message!r}"
        _line(console, f"{failure} wanted {example.wanted}, got {example.got}")


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """What changed between two runs of a suite, on a console (by default standard output)."""
    console = console or _console()
    _line(console, f"{comparison.suite}, {compared(comparison)}")
    _line(console, f"before: {described(comparison.before)}")
    _line(console, f"after: {described(comparison.after)}")
    for name, section in comparison.sections.items():
        _table(console, name, CHANGE_HEAD, [change_row(figure, each) for figure, each in section.items()])
    for what, ids in (("right", comparison.turned_right), ("wrong", comparison.turned_wrong)):
        _line(console, " ".join([f"turned {what}: {len(ids)}", *ids]))


def print_phrases(phrases: Phrases, names: Sequence[str], console: Console | None = None) -> None:
    """What example conversations teach of a voice, on a console (by default standard output)."""
    print_rows("voice learned", PHRASE_HEAD, phrase_rows(phrases, names), console)


def print_rows(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], console: Console | None = None
) -> None:
    """A table of ready cells, on a console (by default standard output)."""
    _table(console or _console(), title, head, rows)


def figure_row(name: str, figure: Estimate) -> tuple[str, ...]:
    """The cells under `HEAD`."""
    return name, number(figure.value), f"{number(figure.low)} to {number(figure.high)}", str(figure.n)


def change_row(name: str, difference: Difference) -> tuple[str, ...]:
    """The cells under `CHANGE_HEAD`."""
    change = difference.change
    value, low, high = (number(each, signed=True) for each in (change.value, change.low, change.high))
    told = ("better" if difference.better else "worse") if difference.clear else "not clear"
    return name, number(difference.before), number(difference.after), value, f"{low} to {high}", told


def number(value: float, *, signed: bool = False) -> str:
    """Three decimals, or one of a large number; nought bears no sign."""
    text = format(value, f"{'+' if signed else ''}.{1 if abs(value) >= _LARGE else 3}f")
    return text if float(text) else text.lstrip("+-")


def described(system: Mapping[str, str]) -> str:
    """What was measured, in one line."""
    return ", ".join(f"{name} {value}" for name, value in system.items()) or "system not named"


def compared(comparison: Comparison) -> str:
    """Over how many cases two runs are held against each other."""
    left_out = f", {comparison.left_out} left out" if comparison.left_out else ""
    return f"{comparison.shared} cases in both runs{left_out}"


def _table(console: Console, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if console.is_terminal:
        _drawn(console, title, head, rows)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    _line(console, "")
    _line(console, title)
    for row in (head, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        _line(console, "  " + "  ".join(cells).rstrip())


def _drawn(console: Console, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left")
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)


def _console() -> Console:
    from rich.console import Console

    return Console()
