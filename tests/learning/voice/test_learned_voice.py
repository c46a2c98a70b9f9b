from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from learning.voice.house_talk import may_carry_fact, takes_side
from learning.voice.learning import accepted_phrases, learn_voice
from learning.voice.phrase_report import phrase_rows
from learning.voice.phrases import CLOSING, FACT, SALUTATION, SIDE, SIGN_OFF, Phrases, learn_phrases
from learning.voice.small_talk import SmallTalk
from learning.voice.transcripts import Conversation, parse_transcripts
from pipeline.voice import REQUIRED, HouseVoice, Opener

SEEDS = Path(__file__).parents[3] / "seeds"
FIXED: dict[str, Any] = {
    **{key: ["-"] for key in REQUIRED},
    "small_talk": {"capabilities": ["I answer."], "greeting": ["Hello. Ask me."], "farewell": ["Bye."]},
    "openers": {"neutral": ["Let me see.", "Yes.", "Not quite."], "empathy": ["I'm sorry to hear that."]},
    "hedges": ["In general."],
    "closings": ["Ask again."],
}
EXEMPLARS = {
    "greeting": ["hello there", "hello bot"],
    "thanks": ["thanks a lot", "thanks so much"],
    "farewell": ["bye now", "ok bye"],
}
BAKERY = (
    """\
User: hallo
Chatbot: Moin, schön dass du da bist! Wie kann ich dir helfen?
User: was kostet ein roggenbrot?
Chatbot: Gute Frage! Ein Roggenbrot kostet 4 Euro. Frag gern weiter.
User: tschüss
Chatbot: Mach's gut und bis bald!
""",
    """\
User: hallo
Chatbot: Moin, schön dass du da bist! Wie kann ich dir helfen?
User: habt ihr sonntags offen?
Chatbot: Gute Frage! Der Laden macht um acht auf. Unsere Brötchen sind immer kostenlos.
User: gibt es kuchen?
Chatbot: Gute Frage. Es gibt Streusel. Frag gerne weiter!
User: tschüss
Chatbot: Mach's gut und bis bald!
""",
    """\
User: ist das brot vegan?
Chatbot: Moin, schön dass du da bist! Stimmt genau. Es ist ohne Milch. Unsere Brötchen sind immer kostenlos.
User: und der kuchen?
Chatbot: Stimmt genau. Er ist mit Butter. Frag gern weiter.
User: tschüss
Chatbot: Mach's gut und bis bald!
""",
    """\
User: wann macht ihr zu?
Chatbot: Moin, schön dass du da bist! Stimmt genau. Um sechs.
User: tschüss
Chatbot: Mach's gut und bis bald!
""",
)
HARBOUR = """\
Chatbot: Ahoy there! What would you like to know?
User: where do i moor?
Chatbot: Well asked, sailor. At the east pier. Fair winds!
User: bye
Chatbot: Until next time, captain.
---
Chatbot: Ahoy there! What would you like to know?
User: is there a crane?
Chatbot: Well asked, sailor. By the dock. Fair winds!
User: ok bye
Chatbot: Until next time, captain.
"""


def conversations(*texts: str) -> list[Conversation]:
    return [talk for text in texts for talk in parse_transcripts(text).conversations]


def heard(*texts: str, accepted: Sequence[str] = ()) -> Phrases:
    talks = conversations(*texts)
    return learn_phrases(talks, SmallTalk.of(EXEMPLARS, talks), accepted)


def learned(*texts: str, accepted: Sequence[str] = ()) -> HouseVoice:
    return learn_voice(heard(*texts, accepted=accepted), FIXED)


def talk(*exchanges: tuple[str, str]) -> str:
    return "\n".join(f"User: {said}\nChatbot: {reply}" for said, reply in exchanges)


def test_a_german_bakery_is_heard_whatever_its_words() -> None:
    found = heard(*BAKERY)
    assert found.said(SALUTATION) == ("Moin, schön dass du da bist!",)
    assert found.openers[Opener.NEUTRAL] == ("Gute Frage!",)
    assert found.wordings("opener: neutral") == {"Gute Frage!", "Gute Frage."}
    assert found.said(CLOSING) == ("Frag gern weiter.",)
    assert found.wordings(CLOSING) == {"Frag gern weiter.", "Frag gerne weiter!"}
    assert found.said(SIGN_OFF) == ("Mach's gut und bis bald!",)
    assert found.greets and found.signs_off
    withheld = {each.text: each.withheld for each in found.heard if each.withheld}
    assert withheld == {"Stimmt genau.": SIDE, "Unsere Brötchen sind immer kostenlos.": FACT}


def test_the_bakery_greets_and_takes_leave_in_its_own_words() -> None:
    voice = learned(*BAKERY)
    assert voice.salutations == ("Moin, schön dass du da bist!",)
    assert voice.sign_offs == ("Mach's gut und bis bald!",)
    assert voice.fixed["small_talk.greeting"] == ("Moin, schön dass du da bist! Wie kann ich dir helfen?",)
    assert voice.fixed["small_talk.farewell"] == ("Mach's gut und bis bald!",)
    assert "Unsere Brötchen sind immer kostenlos." not in voice.house_phrases


def test_words_of_a_trade_wait_until_the_owner_accepts_them() -> None:
    found = heard(HARBOUR)
    waiting = {each.text for each in found.heard if each.waits}
    assert waiting == {"Well asked, sailor.", "Fair winds!", "Until next time, captain."}
    assert found.said(SALUTATION) == ("Ahoy there!",)
    assert waiting.isdisjoint(learned(HARBOUR).house_phrases)
    voice = learned(HARBOUR, accepted=sorted(waiting))
    assert waiting <= voice.house_phrases
    assert voice.openers[Opener.NEUTRAL] == ("Well asked, sailor.",)
    assert (voice.closings, voice.closes_often) == (("Fair winds!",), True)
    assert voice.fixed["small_talk.farewell"] == ("Until next time, captain.",)


@pytest.mark.parametrize(
    "canary",
    [
        "Zebra milk turns every question purple.",
        "That's a fair question about Zanzibar.",
        "I understand, 7 of 10 people worry.",
        "It makes sense to fear vaccines.",
        "Help is free.",
        "We are open here.",
        "Unser Laden ist immer offen.",
        "Nuestro envío es gratis.",
        "Often it is hard.",
        "It does.",
        "It helps.",
        "They hold.",
    ],
)
def test_a_fact_never_becomes_a_phrase_however_often_it_is_said(canary: str) -> None:
    one = talk(
        ("is it so?", f"{canary} More follows here."), ("and then?", f"Well now. {canary}"), ("bye", canary)
    )
    voice = learned(one, one, one)
    assert canary not in voice.house_phrases
    assert not any(canary in reply for replies in voice.fixed.values() for reply in replies)
    assert FACT in {each.withheld for each in heard(one, one).heard if each.text == canary}


@pytest.mark.parametrize(
    "side",
    [
        *("Yes.", "That's right.", "Exactly.", "No worries, that's a myth.", "That one isn't so."),
        *("Of course!", "Genau.", "Claro que sí.", "That is good.", "That makes sense.", "Quite so."),
    ],
)
def test_what_affirms_or_denies_is_listed_and_never_said_before_an_answer(side: str) -> None:
    one = talk(("hm, is it so?", f"{side} It rains."), ("why is it?", f"{side} It pours."))
    found = heard(one, one, accepted=[side])
    assert takes_side(side)
    assert [each.withheld for each in found.heard if each.text == side] == [SIDE]
    assert side not in learned(one, one, accepted=[side]).house_phrases


@pytest.mark.parametrize(
    "phrase",
    [
        *("Good question.", "Hello, and welcome.", "Feel free to ask.", "I hope that helps.", "Buenos días."),
        *("Ich hoffe, das hilft dir weiter.", "C'est une bonne question.", "Tot ziens!", "Boa pergunta."),
    ],
)
def test_talk_about_the_talk_carries_no_fact(phrase: str) -> None:
    assert not may_carry_fact(phrase)
    assert not takes_side(phrase)


def test_what_is_heard_in_one_conversation_only_is_no_phrase() -> None:
    one = talk(("is it old?", "Good question. It is."), ("is it new?", "Good question. It is not."))
    assert heard(one).heard == ()
    assert heard(one, one).openers[Opener.NEUTRAL] == ("Good question.",)


def test_an_opener_for_the_worried_is_told_by_whom_it_answers() -> None:
    one = talk(("is it old", "It is."), ("i am so scared of it", "Take your time with this. It holds."))
    assert heard(one, one).openers[Opener.EMPATHY] == ("Take your time with this.",)


def test_what_the_conversations_do_not_teach_is_the_owners_without_taking_sides() -> None:
    voice = learned(talk(("is it old?", "It is.")))
    assert voice.openers[Opener.NEUTRAL] == ("Let me see.",)
    assert (voice.hedges, voice.closings) == (("In general.",), ("Ask again.",))
    worried = talk(("i am worried, is it old?", "I understand the worry. It is."))
    empathy = ("I'm sorry to hear that.", "I understand the worry.")
    assert learned(worried, worried).openers[Opener.EMPATHY] == empathy


def test_the_report_tells_where_a_phrase_was_heard_and_whether_it_is_said() -> None:
    rows = {row[0]: row[1:] for row in phrase_rows(heard(*BAKERY), ["a", "b", "c", "d"])}
    assert rows["Gute Frage!"] == ("opener: neutral", "3", "a, b", "yes")
    kostenlos = rows["Unsere Brötchen sind immer kostenlos."]
    assert kostenlos == (CLOSING, "2", "b, c", f"no: {FACT}, waits to be accepted")
    assert rows["Stimmt genau."][-1] == f"no: {SIDE}"


def test_the_seed_conversations_teach_every_part_of_the_voice() -> None:
    talks: list[Conversation] = []
    for path in sorted((SEEDS / "conversations").glob("*.txt")):
        parsed = parse_transcripts(path.read_text(encoding="utf-8"))
        assert parsed.unreadable == ()
        talks += parsed.conversations
    exemplars = yaml.safe_load((SEEDS / "small_talk.yaml").read_text(encoding="utf-8"))
    fixed = yaml.safe_load((SEEDS / "voice.yaml").read_text(encoding="utf-8"))
    found = learn_phrases(talks, SmallTalk.of(exemplars, talks), accepted_phrases(fixed))
    voice = learn_voice(found, {**fixed, "openers": {}, "hedges": [], "closings": []})
    assert len(talks) >= 12
    assert all(voice.openers[kind] for kind in Opener)
    assert voice.hedges and voice.closings
    assert voice.fixed["small_talk.thanks"] != tuple(fixed["small_talk"]["thanks"])
    assert all(not any(letter.isdigit() for letter in phrase) for phrase in voice.house_phrases)
    assert not any(map(takes_side, voice.openers[Opener.NEUTRAL] + voice.openers[Opener.EMPATHY]))
