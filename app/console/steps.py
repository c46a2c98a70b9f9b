"""The steps of a turn's trace as a curator reads them: what each was given, what came out, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAMES = {
    "TopicVerdict": "Topic gate",
    "SearchQuery": "Query rewriter",
    "Retrieved": "Retrieval",
    "Evidence": "Relevance check",
    "Checked": "Grounding check",
    "Degraded": "Fallback",
}
_APART = {"step", "engine", "elapsed_ms", "calls"}
_NOTHING: tuple[object, ...] = (None, [], "", {})


@dataclass(frozen=True, slots=True)
class Drawn:
    """One step: `values` are what it found, in its own words, short ones first; `tables` are its lists."""

    name: str
    engine: str
    elapsed_ms: float
    values: tuple[tuple[str, str], ...]
    tables: tuple[tuple[str, tuple[Mapping[str, str], ...]], ...]
    calls: int


def drawn(steps: Sequence[Mapping[str, Any]]) -> list[Drawn]:
    """The steps in their order."""
    return [_drawn(step) for step in steps]


def _drawn(step: Mapping[str, Any]) -> Drawn:
    given = {
        name: value for name, value in step.items() if name not in _APART and value not in (None, [], "")
    }
    if isinstance(result := given.get("result"), Mapping):
        given = {**given, **result}
        given = {name: value for name, value in given.items() if name != "result" and value not in _NOTHING}
    given = {name: _ranked(value) if isinstance(value, Mapping) else value for name, value in given.items()}
    lists = {name: value for name, value in given.items() if _is_table(value)}
    return Drawn(
        NAMES.get(step["step"], step["step"].replace("_", " ").capitalize()),
        step.get("engine") or "",
        step["elapsed_ms"],
        tuple((_title(name), _text(value)) for name, value in given.items() if name not in lists),
        tuple((_title(name), tuple(map(_row, value))) for name, value in lists.items()),
        len(step.get("calls") or ()),
    )


def _ranked(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Figures by name as rows, the highest first."""
    numbered = all(isinstance(each, int | float) for each in value.values())
    pairs = sorted(value.items(), key=lambda pair: -pair[1]) if numbered else value.items()
    return [{"": name, "value": each} for name, each in pairs]


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _row(value: Mapping[str, Any]) -> Mapping[str, str]:
    return {_title(name): _text(each) for name, each in value.items()}


def _title(name: str) -> str:
    return name.replace("_", " ")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " · ".join(value)
    return json.dumps(value, ensure_ascii=False)
