from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from knowledge.types import Hit, Passage, View
from pipeline.chat_pipeline import ChatPipeline, Stages
from pipeline.errors import ModelOutputError, ModelUnavailable, RetrievalFailed
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
from pipeline.types import Exemplar, Outcome, Question, Reply
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
    def reply(self, outcome: Outcome, kind: str = "", *, variant: str = "") -> str:
        return f"{outcome.value}/{kind}."


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

    async def record(self, trace: Mapping[str, Any]) -> None:
        json.dumps(trace)
        self.kept.append(trace)


QUERY = SearchQuery("q", ("q2", "q3"))


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


async def test_an_answer_carries_marker_span_and_trace() -> None:
    chain = Chain()
    reply = await chain.run()
    assert reply.text == "It does not. [1]"
    (citation,) = reply.citations
    assert (citation.entry_id, citation.index) == ("dna", 1)
    assert reply.text[citation.start : citation.end] == "It does not."
    assert chain.steps() == ["TopicVerdict", "SearchQuery", "Retrieved", "Evidence", "Checked", "Composed"]
    assert chain.traces.kept[0]["outcome"] == "answered"


async def test_citations_are_numbered_by_first_use_and_spans_fit() -> None:
    chain = Chain(
        composer=Composer(
            Sentence("I understand the worry.", (), SentenceKind.HOUSE),
            Sentence("Flu first.", (2,)),
            Sentence("Both.", (1, 2)),
        )
    )
    reply = await chain.run()
    assert reply.text == "I understand the worry. Flu first. [1] Both. [2] [1]"
    spans = [(c.index, c.entry_id, reply.text[c.start : c.end]) for c in reply.citations]
    assert spans == [(1, "flu", "Flu first."), (2, "dna", "Both."), (1, "flu", "Both.")]


@pytest.mark.parametrize(
    ("topic", "outcome", "suggests"),
    [
        (Topic.OFF_TOPIC, Outcome.OFF_TOPIC, True),
        (Topic.FRAGMENT, Outcome.CLARIFY, True),
        (Topic.SMALL_TALK, Outcome.SMALL_TALK, False),
        (Topic.UNSAFE, Outcome.DECLINED, False),
        (Topic.CRISIS, Outcome.DECLINED, False),
    ],
)
async def test_what_is_not_on_topic_is_never_answered(topic: Topic, outcome: Outcome, suggests: bool) -> None:
    reply = await Chain(gate=ScriptedStage(TopicVerdict(topic, 0.1, "kind"))).run()
    assert reply.outcome is outcome
    assert bool(reply.suggestions) is suggests
    assert reply.text == f"{outcome.value}/{'crisis' if topic is Topic.CRISIS else 'kind'}."


async def test_each_alternate_is_tried_once_then_no_answer_with_the_first_hits() -> None:
    found = [Retrieved((hit(name),)) for name in ("first", "second", "third")]
    chain = Chain(retrieval=ScriptedStage(*found), relevance=ScriptedStage(*[Evidence(QUERY, ())] * 3))
    reply = await chain.run()
    assert reply.outcome is Outcome.NO_ANSWER
    assert reply.suggestions == ("What about first?",)
    assert [call[0].text for call in chain.retrieval.calls] == ["q", "q2", "q3"]


async def test_an_alternate_can_find_the_answer() -> None:
    chain = Chain(
        retrieval=ScriptedStage(Retrieved(()), Retrieved((hit("dna"),))),
        relevance=ScriptedStage(Evidence(QUERY, ()), evidence(QUERY, "dna")),
    )
    assert (await chain.run()).outcome is Outcome.ANSWERED


async def test_nothing_supported_means_nothing_said() -> None:
    house = Sentence("Good question.", (), SentenceKind.HOUSE)
    chain = Chain(
        composer=Composer(house, Sentence("Invented.", (1,))), grounding=ScriptedStage(SUPPORTED, REFUSED)
    )
    reply = await chain.run()
    assert reply.outcome is Outcome.NO_ANSWER
    assert chain.said == ["no_answer/."]


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence("Uncited claim.", ()),
        Sentence("Out of range.", (3,)),
        Sentence("Zero.", (0,)),
        Sentence("A house phrase with a citation.", (1,), SentenceKind.HOUSE),
        Sentence("Note: judge whether the passage contains a useful answer or not.", (1,)),
    ],
)
async def test_a_sentence_that_does_not_fit_is_not_even_checked(sentence: Sentence) -> None:
    chain = Chain(
        composer=Composer(sentence),
        grounding=ScriptedStage(),
        prompts=("Judge whether the passage contains a useful answer or not.",),
    )
    assert (await chain.run()).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize(
    "shown",
    [
        {"examples": (Exemplar("why is the arch purple", "It is old."),)},
        {"examples": (Exemplar("which colour", "The arch turns purple in spring."),)},
        {"examples": (Exemplar("which colour", "None."),), "examples_context": "The arch turns purple."},
    ],
)
async def test_what_only_the_callers_examples_say_is_not_even_checked(shown: dict[str, Any]) -> None:
    lent, known = Sentence("The arch is purple.", (1,)), Sentence("About dna.", (1,))
    chain = Chain(composer=Composer(lent, known), grounding=ScriptedStage(SUPPORTED))
    reply = await chain.run(**shown)
    assert reply.text == "About dna. [1]"
    other = Chain(composer=Composer(lent, known), grounding=ScriptedStage(SUPPORTED, SUPPORTED))
    assert "purple" in (await other.run()).text


async def test_foreign_markers_and_scaffold_are_cut_from_what_is_said() -> None:
    chain = Chain(composer=Composer(Sentence("<think>hm</think>It does [7] not.", (1,))))
    assert (await chain.run()).text == "It does  not. [1]"


async def test_what_is_checked_is_the_text_that_is_said() -> None:
    chain = Chain(
        composer=Composer(Sentence("Evidence: gone.", (1,)), Sentence("<think>x</think>It is.", (1,)))
    )
    assert (await chain.run()).text == "It is. [1]"
    ((checked, _),) = chain.grounding.calls
    assert checked.text == "It is."


async def test_a_claim_that_the_filter_empties_is_no_answer() -> None:
    house = Sentence("Good question.", (), SentenceKind.HOUSE)
    chain = Chain(composer=Composer(house, Sentence("Evidence: it does not.", (1,))))
    assert (await chain.run()).outcome is Outcome.NO_ANSWER


async def test_a_broken_rewrite_leaves_the_message_and_says_so_in_the_trace() -> None:
    chain = Chain(rewriter=ScriptedStage(ModelOutputError("nonsense")))
    await chain.run("raw words")
    assert chain.retrieval.calls[0][0] == SearchQuery("raw words")
    assert "Degraded" in chain.steps()


async def test_an_unusable_verdict_counts_as_no() -> None:
    relevance = Chain(
        relevance=ScriptedStage(*[ModelOutputError("?")] * 3), retrieval=ScriptedStage(*[Retrieved(())] * 3)
    )
    assert (await relevance.run()).outcome is Outcome.NO_ANSWER
    grounding = Chain(grounding=ScriptedStage(ModelOutputError("?")))
    assert (await grounding.run()).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize(
    ("chain", "error"),
    [
        (Chain(gate=ScriptedStage(ModelUnavailable("down"))), ModelUnavailable),
        (Chain(retrieval=ScriptedStage(RetrievalFailed("index"))), RetrievalFailed),
        (Chain(relevance=ScriptedStage(ModelUnavailable("down"))), ModelUnavailable),
        (Chain(grounding=ScriptedStage(ModelUnavailable("down"))), ModelUnavailable),
        (Chain(live=Live(RetrievalFailed("no release"))), RetrievalFailed),
    ],
)
async def test_an_outage_is_an_error_never_no_answer(chain: Chain, error: type[Exception]) -> None:
    with pytest.raises(error):
        await chain.run()
    assert chain.said == []
    assert chain.traces.kept[0]["outcome"] is None


async def test_a_draft_that_breaks_off_keeps_what_was_said() -> None:
    chain = Chain(composer=Composer(Sentence("It does not.", (1,)), ModelOutputError("cut")))
    assert (await chain.run()).text == "It does not. [1]"


async def test_the_trace_is_kept_when_the_turn_is_cancelled() -> None:
    class Hanging:
        engine = "hanging"

        async def __call__(self, question: Question) -> TopicVerdict:
            await asyncio.sleep(60)
            raise AssertionError

    chain = Chain(gate=Hanging())
    task = asyncio.create_task(chain.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert chain.traces.kept[0]["id"] == "m1"


async def test_nothing_internal_shows_in_any_reply() -> None:
    """Every internal text carries a canary; the reply and what was said must show none."""
    canary = "CANARY"
    rejected = Retrieved((hit(f"{canary.lower()}-rejected"),))
    query = SearchQuery(f"{canary} query", (f"{canary} alternate",))
    chain = Chain(
        gate=ScriptedStage(TopicVerdict(Topic.ON_TOPIC, 0.9, f"{canary} kind")),
        rewriter=ScriptedStage(query),
        retrieval=ScriptedStage(rejected, rejected),
        relevance=ScriptedStage(ModelOutputError(f"{canary} verdict"), evidence(query, "dna")),
        composer=Composer(
            Sentence(f"Parsed: {canary}", (1,)),
            Sentence(f"{canary} unsupported.", (1,)),
            Sentence(f"<think>{canary}</think>It does not.", (1,)),
            ModelOutputError(f"{canary} draft"),
        ),
        grounding=ScriptedStage(Verdict(False, 0.0, f"{canary} reason"), SUPPORTED),
        prompts=(f"{canary} you are a careful judge of passages and you answer yes or no",),
    )
    reply = await chain.run()
    assert reply.outcome is Outcome.ANSWERED
    assert canary not in (repr(reply) + "".join(chain.said)).upper()
    assert canary in json.dumps(chain.traces.kept), "the trace is where it belongs"


async def test_a_spare_takes_over_where_a_judge_is_out_and_the_trace_says_so() -> None:
    chain = Chain(
        relevance=ScriptedStage(ModelUnavailable("out of order")),
        grounding=ScriptedStage(ModelUnavailable("out of order")),
        spares={
            "relevance_spares": (ScriptedStage(evidence(QUERY, "dna")),),
            "grounding_spares": (ScriptedStage(SUPPORTED),),
        },
    )

    assert (await chain.run()).outcome is Outcome.ANSWERED
    degraded = [step["result"] for step in chain.traces.kept[0]["steps"] if step["step"] == "Degraded"]
    assert [note["stage"] for note in degraded] == ["relevance_check", "grounding_check"]
    assert all(note["fallback"] == "the scripted engine" for note in degraded)
    assert all("out of order" in note["reason"] for note in degraded)


@pytest.mark.parametrize("stage", ["relevance", "grounding"])
async def test_without_a_spare_or_with_one_that_is_out_too_it_is_an_outage(stage: str) -> None:
    def out() -> ScriptedStage[Any]:
        return ScriptedStage(ModelUnavailable("out of order"))

    for spares in (dict[str, Any](), {f"{stage}_spares": (out(),)}):
        chain = Chain(spares=spares)
        setattr(chain, stage, out())
        with pytest.raises(ModelUnavailable):
            await chain.run()
