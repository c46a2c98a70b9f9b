from __future__ import annotations

import pytest

from learning.voice.transcripts import parse_transcripts
from pipeline.types import Message, Role


def test_speakers_continuations_comments_and_blank_lines() -> None:
    text = "\ufeff# us\n\nChatbot: Hello.\nuser:  hi,\n  is it safe?\n\nCHATBOT : Yes.\nNote that: ok.\n"
    parsed = parse_transcripts(text)
    assert parsed.unreadable[0].number == 8  # "Note that:" might be a speaker: better asked than guessed
    assert parsed.conversations == (
        (
            Message(Role.ASSISTANT, "Hello."),
            Message(Role.USER, "hi,\nis it safe?"),
            Message(Role.ASSISTANT, "Yes."),
        ),
    )


def test_a_divider_separates_conversations() -> None:
    parsed = parse_transcripts("User: one\n---\nUser: two\n=====\n---\n")
    assert [conversation[0].text for conversation in parsed.conversations] == ["one", "two"]


def test_speaker_names_are_parameters() -> None:
    parsed = parse_transcripts("Ada: hello\nMy Guest: hi: there", chatbot="Ada", user="my guest")
    assert [message.role for message in parsed.conversations[0]] == [Role.ASSISTANT, Role.USER]
    assert parsed.conversations[0][1].text == "hi: there"


@pytest.mark.parametrize(
    "name", ["Dr. Lee", "Agent 7", "Kim, nurse", "Help (night desk)", "our night nurse Kim"]
)
def test_a_name_that_is_given_may_be_written_in_any_way(name: str) -> None:
    read = parse_transcripts(f"User: is it safe?\n{name}: It is.\n", chatbot=name)
    assert read.conversations == ((Message(Role.USER, "is it safe?"), Message(Role.ASSISTANT, "It is.")),)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("lost words", "no speaker"),
        ("Bob: I am somebody else", "unknown speaker: Bob"),
        ("User:   ", "no words"),
        ("User: nul \x00 here", "no text"),
        ("User: broken \ufffd", "no text"),
    ],
)
def test_unreadable_lines_are_named_by_number(line: str, reason: str) -> None:
    parsed = parse_transcripts(f"# one\n{line}\nUser: fine\n")
    assert [(found.number, reason in found.reason) for found in parsed.unreadable] == [(2, True)]
    assert [message.text for message in parsed.conversations[0]] == ["fine"]


def test_what_follows_an_unreadable_line_joins_no_other_message() -> None:
    parsed = parse_transcripts("Chatbot: Hello.\nBob: I think\nthat it is flat\nUser: hm")
    assert [found.number for found in parsed.unreadable] == [2, 3]
    assert [message.text for message in parsed.conversations[0]] == ["Hello.", "hm"]


def test_times_and_addresses_do_not_look_like_speakers() -> None:
    parsed = parse_transcripts("User: look at\nhttps://example.org/a\nat 10:30 or\n12: noon")
    assert parsed.unreadable == ()
    assert parsed.conversations[0][0].text.endswith("12: noon")


def test_nothing_gives_nothing() -> None:
    assert parse_transcripts("").conversations == ()
