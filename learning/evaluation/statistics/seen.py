"""What the trace of a turn tells about its stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from learning.evaluation.records import Attempt, SecondOpinion
from learning.traces import (
    TracedEvidence,
    TracedFallback,
    TracedQuery,
    TracedSentence,
    TracedTurn,
    TracedVerdict,
)


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


def seen_in(turn: TracedTurn) -> Seen:
    """Of several verdicts or queries the last ones; of several judgements the first that accepted an entry,
    or, where none did, that of the query itself."""
    verdict, query = turn.last(TracedVerdict), turn.last(TracedQuery)
    accepting = (each for each in turn.all(TracedEvidence) if each.accepted)
    decided = next(accepting, None) or turn.first(TracedEvidence)
    return Seen(
        topic=verdict.topic if verdict else "",
        on_topic=verdict.probability if verdict else 0.0,
        query=query.text if query else "",
        judged=decided.judged if decided else {},
        opinions=tuple(_opinions(turn)),
        degraded=tuple(each.stage for each in turn.all(TracedFallback)),
        attempts=tuple(_attempts(turn)),
    )


def _opinions(turn: TracedTurn) -> Iterator[SecondOpinion]:
    stages = ((TracedVerdict, "gate"), (TracedEvidence, "relevance"), (TracedSentence, "grounding"))
    for step in turn.steps:
        for kind, stage in stages:
            if isinstance(step.result, kind) and (opinion := step.result.opinion) is not None:
                yield SecondOpinion(stage, opinion.first, opinion.second)


def _attempts(turn: TracedTurn) -> Iterator[Attempt]:
    search, used_history = 0, False
    for step in turn.steps:
        match step.result:
            case TracedQuery() as query:
                search, used_history = search + 1, query.used_history
            case TracedEvidence(judged=judged) as said if judged:
                yield Attempt(search, said.retry, said.doubtful, used_history, said.answerable, judged)
