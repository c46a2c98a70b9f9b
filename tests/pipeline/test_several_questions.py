"""Messages that ask several things at once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.errors import RetrievalFailed
from pipeline.turn import (
    Evidence,
    Retrieved,
    SearchQuery,
    Topic,
    TopicVerdict,
)
from pipeline.types import Outcome
from tests.fakes import ScriptedStage
from tests.pipeline.scripted_chain import (
    NO,
    ON_TOPIC,
    QUERY,
    SUPPORTED,
    Chain,
    Echo,
    evidence,
    hit,
)


def parted(*found: Evidence, gate: Sequence[TopicVerdict] = (ON_TOPIC,) * 5) -> Chain:
    return Chain(
        gate=ScriptedStage(*gate),
        rewriter=ScriptedStage(*[SearchQuery("q")] * 5),
        retrieval=ScriptedStage(*[Retrieved((hit("dna"),))] * 5),
        relevance=ScriptedStage(*found),
        composer=Echo(),
        grounding=ScriptedStage(*[SUPPORTED] * 4),
    )


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
