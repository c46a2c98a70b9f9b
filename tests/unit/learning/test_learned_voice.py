from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from learning.transcripts import Conversation, parse_transcripts
from learning.voice import learn_voice
from pipeline.voice import HouseVoice, Opener

SEEDS = Path(__file__).parents[3] / "seeds"
FIXED: dict[str, Any] = {
    "small_talk": {"capabilities": ["I answer questions."]},
    "off_topic": ["Not my subject."],
    "no_answer": ["I don't have an answer to that."],
    "clarify": ["Could you say more?"],
    "declined": ["I can't help with that."],
    "crisis": "Call for help now.",
    "emergency": "Call an ambulance now.",
    "openers": {"affirm": ["You have it."], "neutral": ["Let me see."]},
    "hedges": ["In general."],
    "closings": ["Ask again."],
}


def learned(*lines: str) -> HouseVoice:
    return learn_voice(parse_transcripts("\n".join(lines)).conversations, FIXED)


def test_openers_are_told_apart_by_what_they_do() -> None:
    voice = learned(
        "User: does it sting?",
        "Chatbot: Thanks for asking. No. Most people feel little.",
        "User: is it new?",
        "Chatbot: That's a thoughtful question. Yes. It came last year.",
        "User: it eats iron!",
        "Chatbot: That's a common misunderstanding. Iron is untouched by it.",
        "User: so it does not?",
        "Chatbot: You're right. It leaves iron alone.",
        "User: i am frightened",
        "Chatbot: I understand how worrying this is. Most people feel little.",
    )
    assert voice.openers[Opener.DENY] == ("Thanks for asking.",)
    assert voice.openers[Opener.NEUTRAL] == ("That's a thoughtful question.",)
    assert voice.openers[Opener.CORRECT] == ("That's a common misunderstanding.",)
    assert voice.openers[Opener.AFFIRM] == ("You're right.",)
    assert voice.openers[Opener.EMPATHY] == ("I understand how worrying this is.",)


@pytest.mark.parametrize(
    "canary",
    [
        "Zebra milk turns every question purple.",
        "That's a fair question about Zanzibar.",
        "I understand, 7 of 10 people worry.",
        "It makes sense to fear vaccines.",
        "That rumour is true.",
        "That's no myth.",
        "No.",
        "Yes.",
    ],
)
def test_a_fact_never_becomes_a_phrase_however_often_it_is_said(canary: str) -> None:
    talk = [
        "User: is it so?",
        f"Chatbot: {canary} More follows here.",
        "User: and?",
        f"Chatbot: Well now. {canary}",
    ]
    assert canary not in learned(*talk * 5).house_phrases


def test_refusals_and_questions_back_open_no_answer() -> None:
    voice = learned(
        "User: why?", "Chatbot: I can't say. Ask me.", "User: why?", "Chatbot: What do you feel? Tell me."
    )
    assert not {"I can't say.", "What do you feel?"} & voice.house_phrases


def test_what_the_conversations_do_not_teach_comes_from_the_fixed_phrases() -> None:
    voice = learned("User: hm", "Chatbot: I hope this helps.")
    assert voice.openers[Opener.NEUTRAL] == ("Let me see.",)
    assert voice.openers[Opener.CORRECT] == ()
    assert (voice.hedges, voice.closings) == (("In general.",), ("Ask again.",))


def test_phrases_heard_most_come_first() -> None:
    exchange = ["User: why?", "Chatbot: Good question. Because.", "User: how?", "Chatbot: Fair question. So."]
    assert learned(*exchange, *exchange[2:]).openers[Opener.NEUTRAL] == ("Fair question.", "Good question.")


def test_the_seed_conversations_teach_every_part_of_the_voice() -> None:
    conversations: list[Conversation] = []
    for path in sorted((SEEDS / "conversations").glob("*.txt")):
        parsed = parse_transcripts(path.read_text(encoding="utf-8"))
        assert parsed.unreadable == ()
        conversations += parsed.conversations
    fixed = yaml.safe_load((SEEDS / "voice.yaml").read_text(encoding="utf-8"))
    unphrased = {key: value for key, value in fixed.items() if key not in ("openers", "hedges", "closings")}
    voice = learn_voice(conversations, unphrased)
    assert len(conversations) >= 12
    assert all(voice.openers[kind] for kind in Opener)
    assert voice.hedges and voice.closings
    assert all(not any(letter.isdigit() for letter in phrase) for phrase in voice.house_phrases)
