"""What a turn comes to, and what of it is said."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pipeline.errors import ModelOutputError
from pipeline.turn import (
    Evidence,
    Retrieved,
    SearchQuery,
    Sentence,
    SentenceKind,
    Topic,
    TopicVerdict,
    Verdict,
)
from pipeline.types import Exemplar, Message, Outcome, Question, Role
from tests.fakes import ScriptedStage
from tests.pipeline.scripted_chain import (
    BLOCK,
    QUERY,
    REFUSED,
    SUPPORTED,
    Chain,
    Composer,
    Echo,
    evidence,
    hit,
)


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
