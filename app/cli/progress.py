"""How far long work is: a bar on a terminal, plain lines elsewhere. Always on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from knowledge.progress import Show

_TOLD_EVERY = 0.1


@contextmanager
def progress() -> Iterator[Show]:
    """Shows what the callable it gives is told, until the work ends."""
    if sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _Lines()


class _Lines:
    """A line for each kind of work, and for each tenth of it."""

    def __init__(self) -> None:
        self._told = -1.0
        self._kind = ""

    def __call__(self, share: float, doing: str) -> None:
        kind = doing.partition(" ")[0]
        if kind != self._kind or share - self._told >= _TOLD_EVERY:
            self._told, self._kind = share, kind
            print(f"{share:4.0%} {doing}", file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

    text = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), BarColumn(), TaskProgressColumn(), text)
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=1.0)
        yield lambda share, doing: shown.update(task, completed=share, description=doing)
