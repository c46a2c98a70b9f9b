from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import pytest

from knowledge.types import Hit, Passage, View
from pipeline.chat_pipeline import ChatPipeline
from pipeline.engines import Stages
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
from pipeline.types import Exemplar, Message, Outcome, Question, Reply, Role
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

    def topics(self) -> tuple[str, ...]:
        return ()

    def reply(
        self,
        outcome: Outcome,
        kind: str = "",
        *,
        variant: str = "",
        spoken: Sequence[str] = (),
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
    assert reply.urgent is (topic is Topic.CRISIS)


BLOCK = Sentence("About dna.", (1,), SentenceKind.BLOCK)
NO = Evidence(QUERY, ())


async def test_an_emergency_is_told_what_to_do_first_and_then_the_entry() -> None:
    chain = Chain(gate=ScriptedStage(TopicVerdict(Topic.EMERGENCY, 0.1)), composer=Composer(BLOCK))
    reply = await chain.run()
    assert reply.text == "declined/emergency.\n\nAbout dna. [1]"
    assert (reply.outcome, reply.urgent) == (Outcome.ANSWERED, True)
    (citation,) = reply.citations
    assert reply.text[citation.start : citation.end] == "About dna."


async def test_an_emergency_that_no_entry_answers_gets_its_text_alone() -> None:
    chain = Chain(
        gate=ScriptedStage(TopicVerdict(Topic.EMERGENCY, 0.1)),
        retrieval=ScriptedStage(*[Retrieved(())] * 3),
        relevance=ScriptedStage(
            *[Evidence(QUERY, (), (), 2.0, offered=evidence(QUERY, "dna", "flu").accepted)] * 3
        ),
    )
    reply = await chain.run()
    assert (reply.text, reply.outcome, reply.urgent) == ("declined/emergency.", Outcome.DECLINED, True)


async def test_an_emergency_is_not_asked_back_where_one_entry_is_likelier_than_all_others() -> None:
    dna, flu = (item.hit for item in evidence(QUERY, "dna", "flu").accepted)
    offered = (Accepted(dna, 0.4), Accepted(flu, 0.1))
    chain = Chain(
        gate=ScriptedStage(TopicVerdict(Topic.EMERGENCY, 0.1)),
        relevance=ScriptedStage(Evidence(QUERY, (), (), 0.6, offered=offered), NO, NO),
        composer=Composer(BLOCK),
        retrieval=ScriptedStage(*[Retrieved((dna,))] * 3),
    )
    reply = await chain.run()
    assert reply.text == "declined/emergency.\n\nAbout dna. [1]"
    assert (reply.outcome, reply.urgent) == (Outcome.ANSWERED, True)


async def test_where_the_judge_is_torn_the_curated_questions_are_offered() -> None:
    torn = Evidence(QUERY, (), offered=evidence(QUERY, "dna", "flu").accepted)
    chain = Chain(
        retrieval=ScriptedStage(*[Retrieved((hit("dna"),))] * 3), relevance=ScriptedStage(torn, NO, NO)
    )
    reply = await chain.run()
    assert reply.outcome is Outcome.CLARIFY
    assert reply.suggestions == ("What about dna?", "What about flu?")
    assert reply.text == "Which? What about dna? What about flu?"
    traced = [step["result"] for step in chain.traces.kept[0]["steps"] if step["step"] == "Evidence"]
    assert traced[0]["offered"] == ["dna", "flu"]


async def test_an_answer_to_another_wording_goes_before_an_offer() -> None:
    torn = Evidence(QUERY, (), offered=evidence(QUERY, "flu", "mumps").accepted)
    chain = Chain(
        retrieval=ScriptedStage(*[Retrieved((hit("dna"),))] * 2),
        relevance=ScriptedStage(torn, evidence(QUERY, "dna")),
    )
    assert (await chain.run()).citations[0].entry_id == "dna"


@pytest.mark.parametrize("typed", ["What about dna?", "what about DNA", "  WHAT ABOUT DNA!! "])
async def test_a_curated_question_gets_its_entry_whatever_the_stages_would_say(typed: str) -> None:
    chain = Chain(
        gate=ScriptedStage(),
        rewriter=ScriptedStage(),
        relevance=ScriptedStage(),
        composer=Composer(BLOCK),
        live=Live(snapshot(entry("dna"), entry("flu"))),
    )
    reply = await chain.run(typed)
    assert (reply.outcome, reply.text) == (Outcome.ANSWERED, "About dna. [1]")
    assert chain.steps()[0] == "Evidence"


def parted(*found: Evidence, gate: Sequence[TopicVerdict] = (ON_TOPIC,) * 5) -> Chain:
    return Chain(
        gate=ScriptedStage(*gate),
        rewriter=ScriptedStage(*[SearchQuery("q")] * 5),
        retrieval=ScriptedStage(*[Retrieved((hit("dna"),))] * 5),
        relevance=ScriptedStage(*found),
        composer=Echo(),
        grounding=ScriptedStage(*[SUPPORTED] * 4),
    )


class Echo:
    """Says the entry that it is given."""

    engine = "scripted"

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        yield Sentence(f"About {evidence.accepted[0].hit.entry.id}.", (1,))


TWO = "what does the ticket cost and where can I park?"


async def test_two_questions_get_an_answer_each() -> None:
    chain = parted(evidence(QUERY, "dna"), evidence(QUERY, "flu"))
    reply = await chain.run(TWO)
    assert reply.text == "About dna. [1]\n\nAbout flu. [2]"
    assert [citation.entry_id for citation in reply.citations] == ["dna", "flu"]
    asked = [call[0].text for call in chain.rewriter.calls]
    assert asked == ["what does the ticket cost", "where can I park?"]


async def test_a_part_without_an_answer_is_named() -> None:
    reply = await parted(evidence(QUERY, "dna"), NO).run(TWO)
    assert reply.text == "About dna. [1]\n\nNo answer to where can I park?"
    assert reply.outcome is Outcome.ANSWERED


async def test_a_part_that_is_torn_is_asked_back_beside_the_answer() -> None:
    torn = Evidence(QUERY, (), offered=evidence(QUERY, "mumps", "polio").accepted)
    reply = await parted(evidence(QUERY, "dna"), torn).run(TWO)
    assert reply.text == "About dna. [1]\n\nWhich? What about mumps? What about polio?"
    assert reply.suggestions == ("What about mumps?", "What about polio?")


async def test_the_name_of_a_part_is_filtered() -> None:
    chain = parted(evidence(QUERY, "dna"), NO)
    reply = await chain.run("what does it cost here and what about [1] <think>x</think> prices?")
    assert "[1] <think>" not in reply.text
    assert reply.text.endswith("No answer to what about  prices?") or "prices?" in reply.text


async def test_a_courtesy_is_no_part() -> None:
    talk = TopicVerdict(Topic.SMALL_TALK, 0.1, "how_are_you")
    chain = parted(evidence(QUERY, "dna"), gate=(ON_TOPIC, ON_TOPIC, talk))
    chain.relevance = ScriptedStage(evidence(QUERY, "dna"), evidence(QUERY, "dna"))
    assert (await chain.run(TWO)).text == "About dna. [1]"


async def test_what_an_emergency_was_told_stands_whatever_fails_after_it() -> None:
    chain = Chain(
        gate=ScriptedStage(TopicVerdict(Topic.EMERGENCY, 0.1)),
        retrieval=ScriptedStage(RetrievalFailed("index")),
    )
    reply = await chain.run()
    assert (reply.text, reply.outcome, reply.urgent) == ("declined/emergency.", Outcome.DECLINED, True)


@pytest.mark.parametrize("parts", [("dna", "dna"), (None, None)])
async def test_parts_that_lead_to_one_entry_or_to_none_are_one_question(
    parts: tuple[str | None, ...],
) -> None:
    found = [evidence(QUERY, each) if each else NO for each in parts]
    reply = await parted(*found, evidence(QUERY, "flu")).run(TWO)
    assert reply.text == "About flu. [1]"


async def test_of_twelve_questions_the_first_four_are_answered() -> None:
    names = ("dna", "flu", "mumps", "polio")
    twelve = " ".join(f"Where is the thing number {place}?" for place in range(12))
    reply = await parted(*(evidence(QUERY, name) for name in names)).run(twelve)
    assert [citation.entry_id for citation in reply.citations] == list(names)
    assert reply.text.endswith("[4]\n\nAsk the others again.")


async def test_the_rest_of_a_shortened_answer_is_the_question_before_it_once_more() -> None:
    chain = Chain(composer=Echo())
    history = (Message(Role.USER, "about dna then"), Message(Role.ASSISTANT, "Half. (a part)"))
    await chain.run("the rest", history=history)
    (question,) = chain.gate.calls[0]
    assert (question.text, question.whole, question.history) == ("about dna then", True, ())


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
