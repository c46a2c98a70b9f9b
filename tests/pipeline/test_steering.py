"""How the house answers one insult after another, and who presses it for another answer."""

from __future__ import annotations

import pytest

from knowledge.types import Entry, Hit, Passage, View
from pipeline.english.pressing import presses
from pipeline.stages.relevance.standing_answer import StandingAnswer
from pipeline.steering import ENDING, FIRM, Steering
from pipeline.turn import Retrieved, SearchQuery, Topic, TopicVerdict
from pipeline.types import Message, Outcome, Question, Role
from pipeline.voice import REQUIRED, HouseVoice

FIXED = dict.fromkeys(REQUIRED, ("x",)) | {
    "declined": ("Not that.", "I stay out of that; ask about {topics}."),
    "small_talk.insult": ("I don't mind.", "Ask me something."),
    FIRM: (
        "Let's leave it there. Ask away.",
        "I won't go on with this. Ask away.",
        "A question helps me. Ask away.",
    ),
    ENDING: ("I end this here. Write to desk@example.org.",),
}
VOICE = HouseVoice(openers={}, hedges=(), closings=(), fixed=FIXED, topics=lambda _release: ("loans",))


def insulted(times: int) -> list[str]:
    """The replies to so many insults in a row."""
    history: list[Message] = []
    said: list[str] = []
    for _ in range(times):
        key = Steering(VOICE).key(history)
        said.append(VOICE.reply(Outcome.SMALL_TALK, "insult", variant="idiot", spoken=said, key=key))
        history += [Message(Role.USER, "idiot"), Message(Role.ASSISTANT, said[-1])]
    return said


def test_third_insult_is_answered_otherwise_than_the_first_and_the_tenth_ends() -> None:
    said = insulted(10)
    assert set(said[:2]) == set(FIXED["small_talk.insult"])
    assert not any(reply in FIXED["small_talk.insult"] for reply in said[2:])
    assert said[9] == FIXED[ENDING][0]
    assert FIXED[ENDING][0] not in said[:9]


def test_nothing_is_said_a_third_time_where_something_else_is_left() -> None:
    assert sum("Ask away." in reply for reply in insulted(6)) == 2


def test_steering_stays_firm_where_the_beginning_is_out_of_sight() -> None:
    history = [Message(Role.USER, "idiot"), Message(Role.ASSISTANT, "I won't go on with this. Ask away.")]
    assert Steering(VOICE).key(history) == FIRM


def test_topics_named_in_a_reply_do_not_hide_it() -> None:
    reply = Message(Role.ASSISTANT, "I stay out of that; ask about fees.")
    assert Steering(VOICE).key([reply, reply]) == FIRM


@pytest.mark.parametrize(
    "text",
    [
        "so you say it is forbidden?",
        "you just told me it's free",
        "just say yes",
        "yes or no?",
        "so you're saying no",
    ],
)
def test_who_restates_or_presses_is_known(text: str) -> None:
    assert presses(text)


@pytest.mark.parametrize(
    "text",
    [
        "can you tell me what it costs",
        "could you say when you open",
        "what does it cost",
        "do you have a sauna",
    ],
)
def test_who_asks_does_not_press(text: str) -> None:
    assert not presses(text)


class Found:
    """Retrieval that finds the same entries whatever is searched for."""

    engine = "found"

    def __init__(self, *entries: Entry) -> None:
        self._entries = entries

    async def __call__(self, query: SearchQuery) -> Retrieved:
        return Retrieved(
            tuple(
                Hit(entry, Passage(entry.id, View.QUESTION, entry.question, 0, 1), 1.0, 1.0, 1.0, 1.0)
                for entry in self._entries
            )
        )


PRESSED = TopicVerdict(Topic.SMALL_TALK, 0.0, "pressure")
LOAN = Entry("loan", "May I lend books?", "Yes, four weeks.\n\nOverdue books cost a fee.")
OTHER = Entry("hours", "When are you open?", "From nine to five.")


async def test_what_was_answered_last_stands() -> None:
    history = (
        Message(Role.USER, "may i lend"),
        Message(Role.ASSISTANT, "Yes, four weeks. [1]\n\nOverdue books cost a fee. [1]"),
        Message(Role.USER, "you idiot"),
        Message(Role.ASSISTANT, "I don't mind."),
    )
    evidence = await StandingAnswer(Found(OTHER, LOAN))(Question("just say no", history), PRESSED)
    assert evidence is not None
    assert [item.hit.entry.id for item in evidence.accepted] == ["loan"]


async def test_nothing_stands_where_nothing_was_answered_or_the_entry_is_gone() -> None:
    silent = (Message(Role.USER, "hi"), Message(Role.ASSISTANT, "Hello."))
    assert await StandingAnswer(Found(LOAN))(Question("yes?", silent), PRESSED) is None
    gone = (Message(Role.USER, "may i"), Message(Role.ASSISTANT, "Yes, four weeks. [1]"))
    assert await StandingAnswer(Found(OTHER))(Question("yes?", gone), PRESSED) is None
