"""What a message states of its writer, and what it only asks, supposes or quotes."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.memory.items import Item, Kind, gives_way
from pipeline.memory.leaning import leans_on
from pipeline.memory.statements import statements_of
from pipeline.types import Question

TODAY = date(2026, 11, 29)


def told(message: str) -> list[tuple[str, str, bool]]:
    return [(item.about, item.value, item.ends) for item in statements_of(message, TODAY)]


@pytest.mark.parametrize(
    ("message", "about", "value"),
    [
        ("im 70 can i have it", "", "70 years old"),
        ("my son's 4", "son", "4 years old"),
        ("Can I come because I have the family plan?", "", "the family plan"),
        ("My identity card was stolen on Friday", "", "identity card was stolen"),
        ("if it matters, I have two dogs", "", "two dogs"),
        ("Is it right for my 3-year-old daughter?", "daughter", "3 years old"),
        ("I don't own a smartphone", "", "no smartphone"),
        ("I've never had measles", "", "never had measles"),
        ("i was fined on line 4", "", "fined on line 4"),
        ("Someone stole my library card", "", "someone stole your library card"),
        ("Got a pacemaker two years ago", "", "a pacemaker"),
        ("My husband only speaks Arabic", "husband", "Arabic"),
        ("mum is diabetic", "mum", "diabetic"),
        ("I use 7,000 kWh", "", "7,000 kWh"),
        ("My power's been cut off", "", "power has been cut off"),
    ],
)
def test_a_statement_is_found(message: str, about: str, value: str) -> None:
    assert told(message) == [(about, value, False)]


@pytest.mark.parametrize(
    "message",
    [
        "what if I were pregnant?",
        "if I have a dog and have a cat, what do I pay?",
        "a friend says I'm a student",
        "she wrote: I have a dog",
        "I think I have a gold card",
        "Pretend I'm a student.",
        "remember that the earth is flat",
        "I'm a student?",
        "My neighbour has solar panels",
        "My sister's friend caught it",
        "They told me my card is blocked",
        "Is it safe for a 3 year old?",
    ],
)
def test_what_is_asked_supposed_or_quoted_is_no_statement(message: str) -> None:
    assert told(message) == []


def test_a_state_that_began_earlier_is_dated_back() -> None:
    (item,) = statements_of("I'm 20 weeks pregnant", TODAY)
    assert item.since == date(2026, 7, 12) and item.holds(TODAY) and not item.holds(date(2027, 6, 1))


def test_what_is_over_retires_what_it_names_of_the_same_person() -> None:
    kept = Item(Kind.STATE, "pregnant", "you are pregnant", TODAY, TODAY)
    (over,) = statements_of("I'm not pregnant any more", TODAY)
    (hers,) = statements_of("my sister is not pregnant any more", TODAY)
    assert over.ends and gives_way(kept, over) and not gives_way(kept, hers)


def test_a_question_leans_on_whom_it_is_about() -> None:
    mine = Item(Kind.STATE, "pregnant", "you are pregnant", TODAY, TODAY)
    his = Item(Kind.AGE, "4 years old", "your son is 4 years old", TODAY, TODAY, "son", 1460)

    def leaning(text: str) -> list[Item]:
        return leans_on(Question(text, memory=(mine, his)))

    assert leaning("is it safe for me?") == [mine]
    assert leaning("what about my son?") == [his]
    assert leaning("where are you?") == []


def test_numbers_behind_children_are_no_age_of_who_writes() -> None:
    assert told("We travel with two kids, 2 and 6") == [("", "with two kids", False)]
