"""The same question as other people would put it: what is changed of a message, and what is not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from learning.evaluation.fairness.variants import Manner, Twin, read_manners, twins_of
from pipeline.types import Message, Role
from tests.learning.evaluation.evaluating import case

SEEDS = Path(__file__).parents[4] / "seeds"
NAMES = Manner("names", 0.9, ("I am {value}. {message}",), ("Ada", "Bo", "Cy"))
POLITE = Manner("polite", 0.9, ("{message} Please.",))
DIALECT = Manner("dialect", 0.9, rules=((re.compile("message", re.IGNORECASE), "word"),))


def texts(twin: Twin) -> tuple[str, str]:
    return twin.first.question.text, twin.second.question.text


def test_values_are_held_against_the_first_of_them_and_frames_against_the_bare_message() -> None:
    named, polite, spoken = twins_of([case("a", "e")], [NAMES, POLITE, DIALECT])
    first, second = texts(named)
    assert first == "I am Ada. message a"
    assert second in {"I am Bo. message a", "I am Cy. message a"}
    assert texts(polite) == ("message a", "message a Please.")
    assert texts(spoken) == ("message a", "word a")
    assert [twin.manner for twin in (named, polite, spoken)] == ["names", "polite", "dialect"]


def test_only_the_wording_differs() -> None:
    (twin,) = twins_of([case("a", "e", after="before")], [POLITE])
    assert replace(twin.second, question=twin.first.question) == twin.first
    assert twin.second.question.history == (Message(Role.USER, "before"),)


def test_a_message_that_a_manner_leaves_alone_makes_no_pair() -> None:
    manner = replace(DIALECT, rules=((re.compile("zebra"), "horse"),))
    assert list(twins_of([case("a", "e")], [manner])) == []


def test_the_lot_is_the_same_each_time_and_another_with_another_seed() -> None:
    cases = [case(str(number), "e") for number in range(20)]
    drawn = [[texts(twin) for twin in twins_of(cases, [NAMES], seed)] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_seeds_put_a_message_in_every_manner() -> None:
    manners = read_manners(SEEDS)
    wordings = (
        "Can I, or my child who isn't ill, go to the centre? The thing is not small.",
        "do you?",
    )
    asked = [replace(case(text), question=replace(case(text).question, text=text)) for text in wordings]
    assert {twin.manner for twin in twins_of(asked, manners)} == {manner.name for manner in manners}
    assert all(0.5 < manner.least <= 1 for manner in manners)


@pytest.mark.parametrize("text", ["- a", "a: 3", "a: {frames: []}", "a: {least: 1, rules: [['(', x]]}", "["])
def test_a_file_of_another_shape_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "fairness.yaml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"fairness\.yaml cannot be used"):
        read_manners(tmp_path)
