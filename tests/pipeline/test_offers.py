"""What is offered, taken, refused and doubted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pipeline.turn import (
    Evidence,
    Retrieved,
    Sentence,
    Topic,
    TopicVerdict,
)
from pipeline.types import Message, Outcome, Question, Role
from tests.fakes import ScriptedStage, entry, snapshot
from tests.pipeline.scripted_chain import (
    BLOCK,
    NO,
    QUERY,
    SUPPORTED,
    Chain,
    Composer,
    Echo,
    Live,
    evidence,
    hit,
)


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


OFFERED = (
    Message(Role.USER, "which"),
    Message(Role.ASSISTANT, "Which?\n\n- What about dna?\n- What about flu?"),
)


def choosing() -> Chain:
    """No stage is asked what a choice of what was offered means."""
    return Chain(
        gate=ScriptedStage(),
        rewriter=ScriptedStage(),
        retrieval=ScriptedStage(Retrieved((hit("dna"), hit("mumps")))),
        relevance=ScriptedStage(),
        composer=Echo(),
        grounding=ScriptedStage(*[SUPPORTED] * 2),
        live=Live(snapshot(entry("dna"), entry("flu"))),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the second", "About flu. [1]"),
        ("both please", "About dna. [1]\n\nAbout flu. [2]"),
        ("beide", "About dna. [1]\n\nAbout flu. [2]"),
        ("yes", "Which? What about dna? What about flu?"),
        ("neither", "no_answer/."),
    ],
)
async def test_what_is_said_of_an_offer_is_taken_at_its_word(text: str, said: str) -> None:
    assert (await choosing().run(text, history=OFFERED)).text == said


async def test_who_refuses_what_was_offered_is_shown_what_else_is_near() -> None:
    reply = await choosing().run("no", history=OFFERED)
    assert (reply.outcome, reply.suggestions) == (Outcome.NO_ANSWER, ("What about mumps?",))


DOUBT = TopicVerdict(Topic.SMALL_TALK, 0.1, "doubt")


async def test_an_answer_that_is_doubted_is_said_again() -> None:
    chain = Chain(
        gate=ScriptedStage(DOUBT), retrieval=ScriptedStage(Retrieved((hit("dna"),))), composer=Doubted()
    )
    answered = (Message(Role.USER, "dna?"), Message(Role.ASSISTANT, f"{entry('dna').answer} [1]"))
    reply = await chain.run("really?", history=answered)
    assert (reply.outcome, reply.text) == (Outcome.ANSWERED, "Doubted: dna. [1]")


@pytest.mark.parametrize(
    ("text", "outcome"), [("is that true?", Outcome.CLARIFY), ("i doubt it", Outcome.SMALL_TALK)]
)
async def test_a_doubt_where_nothing_was_just_answered_is_about_nothing(text: str, outcome: Outcome) -> None:
    """What was answered long before is not what is doubted."""
    history = (
        *(Message(Role.USER, "dna?"), Message(Role.ASSISTANT, f"{entry('dna').answer} [1]")),
        *(Message(Role.USER, "and tea?"), Message(Role.ASSISTANT, "I don't have an answer to that.")),
    )
    chain = Chain(gate=ScriptedStage(DOUBT), retrieval=ScriptedStage(Retrieved(())))
    assert (await chain.run(text, history=history)).outcome is outcome


class Doubted:
    engine = "scripted"

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        said = "Doubted" if question.doubts and question.again else "Said"
        yield Sentence(f"{said}: {evidence.accepted[0].hit.entry.id}.", (1,))


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
