"""Evaluations as JSON: to keep, to read, and to compare later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ValidationError

from learning.evaluation.records import SuiteFigures, SuiteRun


class UnreadableRun(ValueError):
    """A text is not a saved evaluation. The message says where and why, in one line."""


class _Saved(BaseModel):
    """`verdict`, in plain words by suite, and `figures` are there for whoever reads the file; reports make
    them anew from the runs."""

    format: Literal[1]
    verdict: Mapping[str, tuple[str, ...]] = {}
    runs: tuple[SuiteRun, ...]
    figures: tuple[SuiteFigures, ...] = ()


def runs_to_json(runs: Sequence[SuiteRun], figures: Sequence[SuiteFigures] = ()) -> str:
    """All that the runs saw and, beside it, their figures."""
    verdict = {each.suite: each.words for each in figures}
    saved = _Saved(format=1, verdict=verdict, runs=tuple(runs), figures=tuple(figures))
    return saved.model_dump_json(indent=1)


def runs_from_json(text: str) -> tuple[SuiteRun, ...]:
    """The runs that `runs_to_json` wrote. Raises `UnreadableRun`."""
    try:
        return _Saved.model_validate_json(text).runs
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        reason = f"{place}: {first['msg']}" if place else first["msg"]
        raise UnreadableRun(f"This is not a saved evaluation. {reason}.") from None
