from __future__ import annotations

import pytest

from pipeline.stages.rewriting.ordinals import pointed_at
from pipeline.types import Message, Role

NUMBERED = "There are three ways: 1. by the ferry 2. over the old bridge 3. through the tunnel"
LINES = "You can take:\n- the ferry\n- the old bridge\n- the tunnel"
TOLD = "First, the ferry is slow. Second, the old bridge is closed; finally, the tunnel costs money."


def after(answer: str) -> list[Message]:
    return [Message(Role.USER, "how do i get across"), Message(Role.ASSISTANT, answer)]


@pytest.mark.parametrize("answer", [NUMBERED, LINES, TOLD])
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("what about the first one?", "ferry"),
        ("and the second?", "bridge"),
        ("tell me about option 3", "tunnel"),
        ("is the last one free", "tunnel"),
    ],
)
def test_an_ordinal_means_an_item_of_the_last_answer(answer: str, text: str, word: str) -> None:
    assert word in pointed_at(text, after(answer))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("what about the fourth one?", NUMBERED),
        ("what is the second dose for", NUMBERED),
        ("what about the second one?", "The ferry is slow. The bridge is closed."),
        ("what about the ferry", LINES),
    ],
)
def test_nothing_is_pointed_at(text: str, answer: str) -> None:
    assert pointed_at(text, after(answer)) == ()


def test_only_the_last_answer_counts() -> None:
    assert pointed_at("the second one", [*after(LINES), *after("Yes.")]) == ()
    assert pointed_at("the second one", []) == ()
