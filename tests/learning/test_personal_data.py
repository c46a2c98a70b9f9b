from __future__ import annotations

from itertools import pairwise

import pytest

from learning.personal_data import find_personal_data, without_personal_data
from pipeline.types import Message, Role


def cleaned(*lines: str) -> list[str]:
    talk = tuple(Message(Role.USER, line) for line in lines)
    return [said.text for said in without_personal_data(talk)[0]]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("write to jane.doe+x@mail.example.org please", "write to [email] please"),
        ("call (650) 253-0000 or +49 30 123456", "call [phone] or [phone]"),
        ("ring 020 7946 0958 after six", "ring [phone] after six"),
        ("my card 4111 1111 1111 1111 was charged", "my card [card] was charged"),
        ("pay to GB82 WEST 1234 5698 7654 32 now", "pay to [iban] now"),
        ("my ssn is 536-90-4399", "my ssn is [id]"),
        ("NHS number: 943 476 5919", "NHS number: [id]"),
        ("i come from 192.168.7.12 today", "i come from [ip] today"),
        ("dm me @jane_doe", "dm me [handle]"),
        ("the password is hunter2", "the password is [secret]"),
        ("key sk-abcdefghijklmnop1234 leaked", "key [secret] leaked"),
        ("I live at 12b Old Baker Street, London", "I live at [address], London"),
        ("she was born on 3 March 1984", "she was born on [birthday]"),
        ("dob: 03/04/1984", "dob: [birthday]"),
        ("my name is jane and i ask", "my name is [name] and i ask"),
        ("My name's Jane Doe.", "My name's [name]."),
        ("Hi, I'm Jane. Is it safe?", "Hi, I'm [name]. Is it safe?"),
        ("this is Jane Doe speaking", "this is [name] speaking"),
        ("my daughter Emma is 12", "my daughter [name] is 12"),
        ("Dr. Smith told me so", "Dr. [name] told me so"),
        ("Hello Jane, good to see you", "Hello [name], good to see you"),
        ("It works. Best wishes, Jane", "It works. Best wishes, [name]"),
        ("thanks a lot\n– Jane", "thanks a lot\n– [name]"),
    ],
)
def test_personal_data_is_taken_out(text: str, without: str) -> None:
    assert cleaned(text) == [without]


@pytest.mark.parametrize(
    "text",
    [
        "About 95 of 100 people, 1,234,567 in all, between 2019-2021.",
        "I'm American, is it approved here?",
        "I'm not sure. My name is not important.",
        "Hi! Is the MMR vaccine safe? Thanks everyone.",
        "It is 10:30 now, ratio 3:2:1, version 1.2.3.",
        "Studies with 4000 1234 children, published in 2005.",
        "i'm so scared of the flu shot, call me crazy-free",
        "COVID-19 and mRNA: read https://example.org/a@b?",
        "my son is 12 and my daughter will be 7",
        "The 2 vaccines were recalled on 3 March 2020.",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert cleaned(text) == [text]


def test_a_name_given_once_is_taken_out_everywhere() -> None:
    assert cleaned("I'm Jane Doe.", "So Jane asks. Doe, too.", "Janet stays.") == [
        "I'm [name].",
        "So [name] asks. [name], too.",
        "Janet stays.",
    ]


def test_what_was_taken_out_is_counted_and_cleaning_twice_changes_nothing() -> None:
    talk = (Message(Role.USER, "I'm Jane. Mail j@x.org or k@x.org"),)
    once, counts = without_personal_data(talk)
    assert counts == {"name": 1, "email": 2}
    assert without_personal_data(once) == (once, {})


def test_pieces_do_not_overlap() -> None:
    found = find_personal_data("mail (650) 253-0000@x.org, +1 650 253 0000")
    assert all(one.end <= two.start for one, two in pairwise(found))
