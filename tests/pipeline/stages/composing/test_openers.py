from __future__ import annotations

from dataclasses import replace

import pytest

from knowledge.types import Entry
from pipeline.stages.composing.openers import Around, phrases_around
from pipeline.types import Message, Question, Role
from pipeline.voice import REQUIRED, HouseVoice, Opener

SORRY, CALM, WELL, HEDGE, CLOSE = "I'm sorry.", "I understand.", "Good question.", "In general.", "Ask on."
VOICE = HouseVoice(
    openers={Opener.EMPATHY: (SORRY, CALM), Opener.NEUTRAL: (WELL,)},
    hedges=(HEDGE,),
    closings=(CLOSE,),
    fixed=dict.fromkeys(REQUIRED, ("-",)),
)
ENTRY = Entry("e1", "Is it safe?", "Yes. It is.")


def around(text: str, *replies: str, voice: HouseVoice = VOICE, often: bool = False) -> Around:
    history = tuple(Message(Role.ASSISTANT, reply) for reply in replies)
    return phrases_around(voice, Question(text, history), ENTRY, opens_often=often)


@pytest.mark.parametrize(
    "text",
    ["when do you open", "how much is a pass?", "where is it", "how do i reset it", "is it safe?", "safe"],
)
def test_a_plain_question_gets_the_plain_answer(text: str) -> None:
    assert around(text) == Around()


@pytest.mark.parametrize(
    "text",
    [
        "my arm is sore and i feel rotten",
        "my dad died, who do i tell?",
        "my card was stolen",
        "i had an accident yesterday",
        "my son got hurt on the bridge",
    ],
)
def test_sympathy_is_for_what_happened(text: str) -> None:
    assert around(text).opener == SORRY


@pytest.mark.parametrize(
    "text",
    [
        *("can i get sick from it", "if my son is hurt, who pays?", "is my dog ill?", "we had a question"),
        *("i was wondering about it", "i'm sick of forms", "i'm not worried at all"),
    ],
)
def test_what_might_happen_or_is_no_misfortune_gets_no_sympathy(text: str) -> None:
    assert around(text).opener == ""


def test_reassurance_is_for_the_worried_and_a_kind_word_goes_with_it() -> None:
    assert around("is it safe? it scares my whole street") == Around(CALM, CLOSE)
    assert around("i am afraid of needles") == Around(CALM, HEDGE)


def test_no_sympathy_is_said_where_the_house_has_none() -> None:
    voice = replace(VOICE, openers={Opener.EMPATHY: (CALM,)})
    assert around("my card was stolen", voice=voice).opener == ""


@pytest.mark.parametrize(
    "text", ["you are liars, is it safe?", "IS THIS SAFE OR WHAT NOW", "stupid bot, i'm scared"]
)
def test_the_hostile_get_the_answer_alone(text: str) -> None:
    voice = replace(VOICE, salutations=("Ahoy!",), closes_often=True)
    assert around(text, voice=voice, often=True) == Around()


def test_a_house_that_opens_often_does_so_before_what_is_no_plain_fact() -> None:
    assert around("is it safe?", often=True).opener == WELL
    assert around("why does it rust?", often=True).opener == WELL
    assert around("when does it open?", often=True).opener == ""
    assert around("it is not safe", often=True).opener == ""


def test_nothing_of_the_last_two_replies_is_said_again() -> None:
    assert around("is it safe?", f"{WELL} It is.", often=True).opener == ""
    assert around("is it safe?", f"{WELL} It is.", "So.", "Well.", often=True).opener == WELL
    assert around("i am afraid", f"{CALM} It is. {HEDGE}") == Around()


def test_a_house_that_greets_does_so_once() -> None:
    voice = replace(VOICE, salutations=("Ahoy!",))
    assert around("when do you open?", voice=voice).opener == "Ahoy!"
    assert around("when do you open?", "Ahoy! At nine.", "So.", "Well.", voice=voice).opener == ""
    assert around("my card was stolen", voice=voice).opener == SORRY


def test_a_house_that_closes_often_ends_plain_answers_too() -> None:
    assert around("when do you open?", voice=replace(VOICE, closes_often=True)).closing == CLOSE
