"""What the trace of a turn tells about its stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from learning.evaluation.records import Attempt, SecondOpinion

_STAGE = {"TopicVerdict": "gate", "Evidence": "relevance", "Checked": "grounding"}
_Results = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Seen:
    """As `CaseResult` explains them; empty where a stage was not reached."""

    topic: str = ""
    on_topic: float = 0.0
    query: str = ""
    judged: Mapping[str, float] = field(default_factory=dict)
    opinions: tuple[SecondOpinion, ...] = ()
    degraded: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()


def seen_in(steps: Sequence[Mapping[str, Any]]) -> Seen:
    """Of several verdicts or queries the last ones; of several judgements the first that accepted an entry,
    or, where none did, that of the query itself."""
    results = [(step["step"], step["result"]) for step in steps]
    gate = _last(results, "TopicVerdict")
    judgements = [result for name, result in results if name == "Evidence"]
    decided = next((each for each in judgements if each["accepted"]), judgements[0] if judgements else {})
    opinions = ((name, result["opinion"]) for name, result in results if "opinion" in result)
    return Seen(
        topic=gate.get("topic", ""),
        on_topic=gate.get("probability", 0.0),
        query=_last(results, "SearchQuery").get("text", ""),
        judged=decided.get("judged", {}),
        opinions=tuple(SecondOpinion(_STAGE[name], each["first"], each["second"]) for name, each in opinions),
        degraded=tuple(result["stage"] for name, result in results if name == "Degraded"),
        attempts=tuple(_attempts(results)),
    )


def _last(results: _Results, step: str) -> Mapping[str, Any]:
    return next((result for name, result in reversed(results) if name == step), {})


def _attempts(results: _Results) -> list[Attempt]:
    attempts: list[Attempt] = []
    search, used_history = 0, False
    for name, result in results:
        if name == "SearchQuery":
            search, used_history = search + 1, result["used_history"]
        elif name == "Evidence" and result["judged"]:
            attempts.append(
                Attempt(
                    search,
                    result["retry"],
                    result["doubtful"],
                    used_history,
                    result["answerable"],
                    result["judged"],
                )
            )
    return attempts
