from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Entry
from pipeline.stages.relevance.chosen_question import Choice, ChosenQuestion, _named
from pipeline.stages.relevance.pointed_step import PointedStep
from pipeline.types import Message, Question, Role
from tests.fakes import HashEncoder

ENTRIES = [
    Entry("cat", "When should my cat be neutered?", "At four months.", alternates=("spay a kitten",)),
    Entry("dog", "When should my dog be neutered?", "At six months."),
    Entry("scan", "How do I scan?", "1. Plug it in.\n2. Hold the button.\n3. Scan the lid."),
    Entry("fee", "What does it cost?", "It is $48."),
]
OFFER = "Which one do you mean?\n\n- When should my cat be neutered?\n- When should my dog be neutered?"
KNOWLEDGE: Any = SimpleNamespace(current=LocalSnapshot.of(ENTRIES, HashEncoder().encode))


def read(text: str, reply: str = OFFER) -> Choice | None:
    history = (Message(Role.USER, "neuter"), Message(Role.ASSISTANT, reply))
    return ChosenQuestion(KNOWLEDGE)(Question(text, history))


def chosen(text: str, reply: str = OFFER) -> str | None:
    choice = read(text, reply)
    return " ".join(each.accepted[0].hit.entry.id for each in choice.chosen) if choice else None


@pytest.mark.parametrize(
    ("text", "entry_id"),
    [
        ("dog", "dog"),
        ("my dog please", "dog"),
        ("the kitten", "cat"),
        ("2", "dog"),
        ("the second one", "dog"),
        ("1.", "cat"),
        ("the last one, please", "dog"),
        ("both", "cat dog"),
    ],
)
def test_a_choice_is_made_by_place_or_by_words(text: str, entry_id: str) -> None:
    assert chosen(text) == entry_id


@pytest.mark.parametrize(
    "text", ["neutered", "what does it cost", "thanks", "how old is a dog when it can walk far"]
)
def test_what_names_none_of_them_alone_is_a_new_message(text: str) -> None:
    assert chosen(text) is None


def test_a_yes_leaves_open_which_and_a_no_refuses_all() -> None:
    agreed, refused = read("yes please"), read("neither")
    assert agreed and not agreed.chosen and not agreed.refused
    assert refused and not refused.chosen and refused.refused
    assert [hit.entry.id for hit in refused.offered] == ["cat", "dog"]
    assert chosen("yes", "Did you mean this?\n\n- What does it cost?") == "fee"


def test_without_an_offer_nothing_is_chosen() -> None:
    assert chosen("2", "The second step is easy.") is None
    assert chosen("dog", "- When should my dog be neutered?\n- something that nobody curated") is None
    assert ChosenQuestion(KNOWLEDGE)(Question("dog")) is None


STEPS = "1. Plug it in.\n2. Hold the button.\n3. Scan the lid. [1]"


@pytest.mark.parametrize("text", ["the second step doesn't work", "step 3 fails", "what about point two?"])
def test_a_step_of_the_last_answer_is_looked_up_in_its_entry(text: str) -> None:
    history = (Message(Role.USER, "scan?"), Message(Role.ASSISTANT, STEPS))
    evidence = PointedStep(KNOWLEDGE)(Question(text, history))
    assert evidence
    assert evidence.accepted[0].hit.entry.id == "scan"


@pytest.mark.parametrize("text", ["step 4 fails", "the second one", "one step at a time"])
def test_what_is_no_step_of_it_is_a_new_message(text: str) -> None:
    history = (Message(Role.USER, "scan?"), Message(Role.ASSISTANT, STEPS))
    assert PointedStep(KNOWLEDGE)(Question(text, history)) is None


@pytest.mark.parametrize("text", ["not the dog one", "no dog", "I don't have a dog"])
def test_what_is_denied_is_not_chosen(text: str) -> None:
    offered = [Entry(id=each, question=f"What does a {each} cost?", answer="10.") for each in ("dog", "boat")]
    assert list(_named("dog", offered)) == [0]
    assert not _named(text, offered)
