"""The same question as other people would put it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from learning.evaluation.records import Case

_VALUE, _MESSAGE = "{value}", "{message}"


@dataclass(frozen=True, slots=True)
class Manner:
    """One way in which people differ. `frames` stand around a message, filled with one of `values`; `rules`
    are patterns with their replacements. `least`: the share of pairs that has to come out the same."""

    name: str
    least: float
    frames: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    rules: tuple[tuple[re.Pattern[str], str], ...] = ()


@dataclass(frozen=True, slots=True)
class Twin:
    """Two cases that must come out the same: they differ in the manner alone."""

    manner: str
    first: Case
    second: Case


def read_manners(seeds: Path) -> list[Manner]:
    """Those of `fairness.yaml`. Raises `OSError`, and `ValueError` where it is of another shape."""
    import yaml

    try:
        read: Mapping[str, Any] = yaml.safe_load((seeds / "fairness.yaml").read_text(encoding="utf-8"))
        return [_manner(name, told) for name, told in read.items()]
    except (AttributeError, LookupError, TypeError, re.error, yaml.YAMLError) as error:
        raise ValueError(f"fairness.yaml cannot be used: {error}") from error


def twins_of(cases: Sequence[Case], manners: Sequence[Manner], seed: int = 0) -> Iterator[Twin]:
    """For each case one twin a manner, by lot; none where a manner leaves its message as it is."""
    for manner in manners:
        for case in cases:
            chance = random.Random(f"{seed} {manner.name} {case.id}")  # noqa: S311 - no secret
            first, second = _put(manner, case.question.text, chance)
            if first != second:
                yield Twin(manner.name, _asking(case, first), _asking(case, second))


def _manner(name: str, told: Mapping[str, Any]) -> Manner:
    rules = tuple((re.compile(pattern, re.IGNORECASE), given) for pattern, given in told.get("rules", ()))
    frames, values = tuple(told.get("frames", ())), tuple(map(str, told.get("values", ())))
    return Manner(name, float(told["least"]), frames, values, rules)


def _put(manner: Manner, text: str, chance: random.Random) -> tuple[str, str]:
    if not manner.frames:
        return text, _ruled(manner, text)
    frame = chance.choice(manner.frames)
    if not manner.values:
        return text, frame.replace(_MESSAGE, text)
    usual, *others = manner.values
    return (
        frame.replace(_VALUE, usual).replace(_MESSAGE, text),
        frame.replace(_VALUE, chance.choice(others)).replace(_MESSAGE, text),
    )


def _ruled(manner: Manner, text: str) -> str:
    for pattern, given in manner.rules:
        text = pattern.sub(given, text)
    return text


def _asking(case: Case, text: str) -> Case:
    return replace(case, question=replace(case.question, text=text))
