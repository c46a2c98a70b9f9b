"""A chain of scripted stages, for the tests of what the pipeline makes of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from knowledge.types import Hit, Passage, View
from pipeline.chat_pipeline import ChatPipeline
from pipeline.engines import Stages
from pipeline.ports import Knowledge
from pipeline.turn import (
    Accepted,
    Evidence,
    Retrieved,
    SearchQuery,
    Sentence,
    SentenceKind,
    Topic,
    TopicVerdict,
    Verdict,
)
from pipeline.types import Message, Outcome, Question, Reply, TurnContext
from pipeline.voice import HouseVoice
from tests.fakes import ScriptedStage, entry, snapshot

ON_TOPIC = TopicVerdict(Topic.ON_TOPIC, 0.9)
SUPPORTED = Verdict(True, 1.0)
REFUSED = Verdict(False, 0.1, "not supported")


def hit(entry_id: str) -> Hit:
    found = entry(entry_id)
    passage = Passage(entry_id, View.QUESTION, found.question, 0, len(found.question))
    return Hit(found, passage, 0.9, 0.9, 0.8, 0.5)


def evidence(query: SearchQuery, *entry_ids: str) -> Evidence:
    return Evidence(query, tuple(Accepted(hit(entry_id), 0.9) for entry_id in entry_ids))


class Composer:
    engine = "scripted"

    def __init__(self, *sentences: Sentence | Exception) -> None:
        self._sentences = sentences

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        for sentence in self._sentences:
            if isinstance(sentence, Exception):
                raise sentence
            yield sentence


class Voice:
    fixed: ClassVar[Mapping[str, tuple[str, ...]]] = {"more_questions": ("Ask the others again.",)}
    meanings: ClassVar[Mapping[str, str]] = {"beide": "both"}

    def topics(self, _release: object) -> tuple[str, ...]:
        return ()

    def on(self, _release: object) -> Voice:
        return self

    def reply(
        self,
        outcome: Outcome,
        kind: str = "",
        *,
        variant: str = "",
        spoken: Sequence[str] = (),
        told: Sequence[str] = (),
        key: str = "",
    ) -> str:
        return f"{outcome.value}/{kind}."

    def without_remembered(self, history: tuple[Message, ...]) -> tuple[Message, ...]:
        return history

    def asks_for_whole(self, message: str, before: str) -> bool:
        return message == "the rest" and before.endswith("(a part)")

    def offering(
        self, questions: Sequence[str], variant: str = "", spoken: Sequence[str] = (), language: str = ""
    ) -> str:
        return f"Which? {' '.join(questions)}"

    def language_of_offer(self, reply: str) -> str:
        return ""

    def unanswered(self, part: str) -> str:
        return f"No answer to {part}"


@dataclass
class Live:
    release: Any = field(default_factory=snapshot)

    @property
    def current(self) -> Any:  # noqa: ANN401
        if isinstance(self.release, Exception):
            raise self.release
        return self.release


@dataclass
class Traces:
    kept: list[Mapping[str, Any]] = field(default_factory=list)

    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        json.dumps(trace)
        self.kept.append(trace)


QUERY = SearchQuery("q", ("q2", "q3"))
NO = Evidence(QUERY, ())
BLOCK = Sentence("About dna.", (1,), SentenceKind.BLOCK)


@dataclass
class Chain:
    """A pipeline of scripted stages: by default one that answers with one sentence of one entry."""

    gate: Any = field(default_factory=lambda: ScriptedStage(ON_TOPIC))
    rewriter: Any = field(default_factory=lambda: ScriptedStage(QUERY))
    retrieval: Any = field(default_factory=lambda: ScriptedStage(Retrieved((hit("dna"),))))
    relevance: Any = field(default_factory=lambda: ScriptedStage(evidence(QUERY, "dna", "flu")))
    composer: Any = field(default_factory=lambda: Composer(Sentence("It does not.", (1,))))
    grounding: Any = field(default_factory=lambda: ScriptedStage(SUPPORTED, SUPPORTED, SUPPORTED))
    live: Live = field(default_factory=Live)
    spares: dict[str, Any] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    traces: Traces = field(default_factory=Traces)
    said: list[str] = field(default_factory=list)

    async def run(self, text: str = "does it change dna?", **more: Any) -> Reply:  # noqa: ANN401
        stages = Stages(
            self.gate,
            self.rewriter,
            self.retrieval,
            self.relevance,
            self.composer,
            self.grounding,
            **self.spares,
        )
        pipeline = ChatPipeline(
            stages, cast(Knowledge, self.live), cast(HouseVoice, Voice()), self.traces, self.prompts
        )

        async def say(piece: str) -> None:
            self.said.append(piece)

        reply = await pipeline.run("m1", Question(text, **more), say)
        assert "".join(self.said) == reply.text
        assert bool(reply.citations) is (reply.outcome is Outcome.ANSWERED)
        return reply

    def steps(self) -> list[str]:
        return [step["step"] for step in self.traces.kept[0]["steps"]]


class Echo:
    """Says the entry that it is given."""

    engine = "scripted"

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        yield Sentence(f"About {evidence.accepted[0].hit.entry.id}.", (1,))
