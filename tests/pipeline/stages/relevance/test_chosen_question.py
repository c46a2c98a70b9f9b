from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Entry
from pipeline.stages.relevance.chosen_question import ChosenQuestion
from pipeline.types import Message, Question, Role
from tests.fakes import HashEncoder

ENTRIES = [
    Entry("cat", "When should my cat be neutered?", "At four months.", alternates=("spay a kitten",)),
    Entry("dog", "When should my dog be neutered?", "At six months."),
    Entry("fee", "What does it cost?", "It is $48."),
]
OFFER = "Which one do you mean?\n\n- When should my cat be neutered?\n- When should my dog be neutered?"
KNOWLEDGE: Any = SimpleNamespace(current=LocalSnapshot.of(ENTRIES, HashEncoder().encode))


def chosen(text: str, reply: str = OFFER) -> str | None:
    history = (Message(Role.USER, "neuter"), Message(Role.ASSISTANT, reply))
    evidence = ChosenQuestion(KNOWLEDGE)(Question(text, history))
    return evidence.accepted[0].hit.entry.id if evidence else None


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
    ],
)
def test_a_choice_is_made_by_place_or_by_words(text: str, entry_id: str) -> None:
    assert chosen(text) == entry_id


@pytest.mark.parametrize(
    "text", ["neutered", "3", "what does it cost", "both", "how old is a dog when it can walk far"]
)
def test_what_names_none_of_them_alone_is_a_new_message(text: str) -> None:
    assert chosen(text) is None


def test_without_an_offer_nothing_is_chosen() -> None:
    assert chosen("2", "The second step is easy.") is None
    assert chosen("dog", "- When should my dog be neutered?\n- something that nobody curated") is None
    assert ChosenQuestion(KNOWLEDGE)(Question("dog")) is None
