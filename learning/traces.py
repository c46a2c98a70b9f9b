"""The trace of a turn, read: what `pipeline.turn.to_trace` wrote, as types. Nothing else knows its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter

from pipeline.llm.usage import ModelCall
from pipeline.turn import Opinion


@dataclass(frozen=True, slots=True)
class TracedVerdict:
    """As `TopicVerdict`."""

    topic: str
    probability: float = 0.0
    kind: str = ""
    language: str = ""
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class TracedQuery:
    """As `SearchQuery`, as far as a trace tells of it."""

    text: str
    alternates: tuple[str, ...] = ()
    used_history: bool = False
    leaning: float = 0.0
    asks: str = ""


@dataclass(frozen=True, slots=True)
class TracedHit:
    entry_id: str


@dataclass(frozen=True, slots=True)
class TracedHits:
    """As `Retrieved`, the entries named."""

    hits: tuple[TracedHit, ...] = ()


@dataclass(frozen=True, slots=True)
class TracedEvidence:
    """As `Evidence`, with the ids of entries; `query` is the text that was searched for, `remembered` the id
    of what the user said long ago and was searched for too."""

    query: str = ""
    retry: bool = False
    doubtful: bool = False
    accepted: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    judged: Mapping[str, float] = field(default_factory=dict)
    answerable: float = 0.0
    remembered: str | None = None
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class TracedSentence:
    """As `Checked`."""

    text: str
    cites: tuple[int, ...] = ()
    kind: str = ""
    supported: bool = False
    probability: float = 0.0
    reason: str = ""
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class TracedFallback:
    """As `Degraded`."""

    stage: str
    reason: str = ""
    fallback: str = ""


TracedResult = TracedVerdict | TracedQuery | TracedHits | TracedEvidence | TracedSentence | TracedFallback
_Result = TypeVar("_Result", bound=TracedResult)
_READ: Mapping[str, TypeAdapter[Any]] = {
    "TopicVerdict": TypeAdapter(TracedVerdict),
    "SearchQuery": TypeAdapter(TracedQuery),
    "Retrieved": TypeAdapter(TracedHits),
    "Evidence": TypeAdapter(TracedEvidence),
    "Checked": TypeAdapter(TracedSentence),
    "Degraded": TypeAdapter(TracedFallback),
}
_CALLS = TypeAdapter(tuple[ModelCall, ...])


@dataclass(frozen=True, slots=True)
class TracedStep:
    """`result` is None of a step that nothing here asks about, and of one that another version wrote."""

    result: TracedResult | None
    engine: str
    elapsed_ms: float
    calls: tuple[ModelCall, ...] = ()


@dataclass(frozen=True, slots=True)
class TracedTurn:
    """The steps of one turn, in their order."""

    steps: tuple[TracedStep, ...] = ()

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        return tuple(call for step in self.steps for call in step.calls)

    def all(self, kind: type[_Result]) -> Iterator[_Result]:
        """The results of a kind, in their order."""
        return (step.result for step in self.steps if isinstance(step.result, kind))

    def first(self, kind: type[_Result]) -> _Result | None:
        return next(self.all(kind), None)

    def last(self, kind: type[_Result]) -> _Result | None:
        return next(reversed(tuple(self.all(kind))), None)


def read_steps(steps: Sequence[Mapping[str, Any]]) -> TracedTurn:
    """Reads the steps of a trace, stored or just made; what an older one lacks has its default. Raises
    `ValueError` where a step has another shape."""
    return TracedTurn(tuple(map(_step, steps)))


def _step(step: Mapping[str, Any]) -> TracedStep:
    reader = _READ.get(step["step"]) if "result" in step else None
    result = reader.validate_python(step["result"]) if reader else None
    calls = _CALLS.validate_python(step.get("calls", ()))
    return TracedStep(result, step.get("engine", ""), step.get("elapsed_ms", 0.0), calls)
