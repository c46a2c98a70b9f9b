from __future__ import annotations

from dataclasses import replace

import pytest

from knowledge.types import Entry, Source
from pipeline.types import Outcome
from pipeline.voice import REQUIRED, HouseVoice, Opener, choose

VOICE = HouseVoice(
    openers={Opener.NEUTRAL: ("Well asked.",)},
    hedges=("In general.",),
    closings=("Ask again.",),
    fixed={
        **dict.fromkeys(REQUIRED, ("-",)),
        "small_talk.capabilities": ("I know about {topics}.",),
        "small_talk.greeting": ("Hello.", "Hi.", "Welcome."),
        "off_topic": ("Ask me about {topics}.", "Not my subject."),
        "no_answer": ("I don't have an answer to that.",),
        "clarify": ("Which one?",),
        "declined": ("I won't.",),
        "declined_injection": ("I stay as I am.",),
        "crisis": ("Call for help.",),
        "emergency": ("Call the doctor.",),
        "names_question": ("On “{question}”:",),
        "choice": ("Which one?",),
        "shortened": ("A part; see {url}", "A part."),
        "asks_for_whole": ("all of it",),
    },
    topics=lambda _release: ("apples", "pears", "plums"),
)


@pytest.mark.parametrize(
    ("outcome", "kind", "expected"),
    [
        (Outcome.NO_ANSWER, "", "I don't have an answer to that."),
        (Outcome.CLARIFY, "whatever", "Which one?"),
        (Outcome.DECLINED, "", "I won't."),
        (Outcome.DECLINED, "crisis", "Call for help."),
        (Outcome.DECLINED, "emergency", "Call the doctor."),
        (Outcome.DECLINED, "injection", "I stay as I am."),
        (Outcome.SMALL_TALK, "unheard_of", "I know about apples, pears and plums."),
    ],
)
def test_replies_by_outcome_and_kind(outcome: Outcome, kind: str, expected: str) -> None:
    assert VOICE.reply(outcome, kind) == expected


def test_a_variant_always_gets_the_same_wording_and_variants_differ() -> None:
    said = [VOICE.reply(Outcome.SMALL_TALK, "greeting", variant=str(number)) for number in range(20)]
    assert said == [VOICE.reply(Outcome.SMALL_TALK, "greeting", variant=str(number)) for number in range(20)]
    assert set(said) == {"Hello.", "Hi.", "Welcome."}


def test_topics_are_named_only_where_known_and_few() -> None:
    assert replace(VOICE, topics=lambda _release: ()).reply(Outcome.OFF_TOPIC) == "Not my subject."
    assert "{" not in replace(VOICE, topics=lambda _release: ()).reply(Outcome.SMALL_TALK)
    many = replace(VOICE, topics=lambda _release: tuple("abcdefgh")).reply(Outcome.SMALL_TALK)
    assert many == "I know about a, b, c and more."


def test_an_answer_is_never_fixed() -> None:
    with pytest.raises(ValueError, match="composed"):
        VOICE.reply(Outcome.ANSWERED)


@pytest.mark.parametrize("lacking", ["crisis", "emergency", "off_topic"])
def test_a_voice_without_a_needed_reply_is_refused(lacking: str) -> None:
    with pytest.raises(ValueError, match=lacking):
        replace(VOICE, fixed={key: value for key, value in VOICE.fixed.items() if key != lacking})


def test_what_names_a_question_may_be_said_beside_its_entry_alone() -> None:
    pump, mill = Entry("pump", "Is it on?", "Yes."), Entry("mill", "Is it loud?", "No.")
    assert VOICE.naming("Is it on?") == "On “Is it on?”:"
    assert VOICE.may_say("On “Is it on?”:", [pump])
    assert not VOICE.may_say("On “Is it on?”:", [mill])
    assert not VOICE.may_say("It is on.", [pump])


def test_a_shortened_answer_shows_the_way_to_the_rest() -> None:
    bare = Entry("pump", "Is it on?", "Yes.")
    assert VOICE.shortened(bare) == "A part."
    assert (
        VOICE.shortened(replace(bare, sources=(Source("M", "https://e.org"),))) == "A part; see https://e.org"
    )
    assert VOICE.asks_for_whole("All of it!", "Half. A part; see https://e.org")
    assert not VOICE.asks_for_whole("All of it!", "The whole.")


def test_a_choice_lists_the_questions() -> None:
    assert VOICE.offering(["Is it on?", "Is it off?"]) == "Which one?\n\n- Is it on?\n- Is it off?"


def test_house_phrases_are_all_that_may_be_said_beside_an_answer() -> None:
    voice = replace(VOICE, salutations=("Ahoy!",), sign_offs=("Fair winds.",))
    assert voice.house_phrases == {"Well asked.", "In general.", "Ask again.", "Ahoy!", "Fair winds."}


def test_choose_prefers_what_was_not_said_lately() -> None:
    assert choose(("a.", "b."), "x", "a. and so on") == "b."
    assert choose(("a.", "b."), "x", "b. and a.") in ("a.", "b.")
    assert choose((), "x") == ""
