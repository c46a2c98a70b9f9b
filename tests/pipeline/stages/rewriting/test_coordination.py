from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Entry
from pipeline.stages.retrieval import HybridRetrieval
from pipeline.stages.rewriting.coordination import Coordination, Coordinations
from pipeline.turn import Accepted, Evidence, SearchQuery
from pipeline.types import Question
from tests.fakes import AsyncHashEncoder, HashEncoder
from tests.pipeline.judging import hit

QUERY = SearchQuery("?")

ENTRIES = [
    Entry("boat", "What does boat rental cost?", "€12 an hour."),
    Entry("bike", "What does bike rental cost?", "€9 a day."),
    Entry("boat-lost", "I lost the key of my boat.", "Call the harbour."),
    Entry("ferry", "Where can I take dogs and cats?", "On the ferry."),
    Entry("trolls", "Where are trolls?", "In Norway."),
]
KNOWLEDGE: Any = SimpleNamespace(current=LocalSnapshot.of(ENTRIES, HashEncoder().encode))


async def read(text: str) -> Coordination | None:
    return await Coordinations(HybridRetrieval(AsyncHashEncoder(), KNOWLEDGE))(Question(text))


@pytest.mark.parametrize(
    ("message", "questions"),
    [
        (
            "what does boat rental and bike rental cost?",
            ("what does boat rental cost?", "what does bike rental cost?"),
        ),
        (
            "what does boat or bike rental cost?",
            ("what does boat rental cost?", "what does bike rental cost?"),
        ),
        (
            "what does my boat rental and my bike rental cost",
            ("what does my boat rental cost", "what does my bike rental cost"),
        ),
        (
            "what does boat rental and camper rental cost",
            ("what does boat rental cost", "what does camper rental cost"),
        ),
    ],
)
async def test_what_is_joined_is_asked_of_each(message: str, questions: tuple[str, str]) -> None:
    found = await read(message)
    assert found is not None
    assert found.questions == questions


@pytest.mark.parametrize(
    "message",
    [
        "what does boat rental cost",
        "boats and bikes",
        "where can i take dogs and cats",
        "if i had a boat and have a bike what does rental cost",
        "what do boats and bikes and campers cost",
        f"I want to know {'really ' * 25}what a boat and a bike cost",
    ],
)
async def test_what_joins_nothing_or_is_one_question_is_left_whole(message: str) -> None:
    assert await read(message) is None


async def test_half_of_it_is_answered_by_an_entry_that_does_not_speak_of_the_other_thing() -> None:
    found = await read("what does boat rental and camper rental cost")
    assert found is not None
    boat, camper = found.questions

    def half(answer: Entry) -> bool:
        accepted = Accepted(replace(hit(answer.id, 0.9), entry=answer), 0.9)
        return found.is_half_answered([(boat, Evidence(QUERY, (accepted,))), (camper, Evidence(QUERY, ()))])

    assert half(ENTRIES[0])
    assert not half(Entry("x", "What does a boat cost?", "As much as a camper."))
    assert not found.is_half_answered([(boat, Evidence(QUERY, ())), (camper, Evidence(QUERY, ()))])
