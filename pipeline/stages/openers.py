"""Which phrases of the house stand around an answer. None of them takes a side."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.types import Entry
from pipeline.stages.questions import asks
from pipeline.types import Question, Role
from pipeline.voice import HouseVoice, Opener, choose

RECENT_REPLIES = 2  # house phrases of the last replies are not said again
WORRY = re.compile(
    r"\b(?:worr(?:y|ied|ies|ying)|scared?|scary|afraid|fear(?:ful)?|frightened|terrif(?:ied|ying)|anxious|nervous"
    r"|panic\w*|freak\w* out|concerned|upset|unwell)\b",
    re.IGNORECASE,
)
_KIN = (
    r"son|daughter|kids?|child(?:ren)?|baby|mother|mom|mum|father|dad|wife|husband|partner|parents|grand\w+"
)
PERSONAL = re.compile(
    rf"\b(?:i am|i['’]?m|i have|i['’]?ve|i take|should i|my (?:\w+ )?(?:{_KIN}))\b", re.IGNORECASE
)
HAPPENED = re.compile(
    r"\b(?:i|we|he|she|my (?:\w+ )?\w+) (?:got|had|was|were|became|developed|died|felt|feels?)\b",
    re.IGNORECASE,
)
_SYMPATHY = re.compile(r"\b(?:sorry|sounds)\b", re.IGNORECASE)  # for what happened, not for what is feared


@dataclass(frozen=True, slots=True)
class Around:
    """The phrases before and after an answer; "" where none fits."""

    opener: str = ""
    closing: str = ""


def phrases_around(
    voice: HouseVoice, question: Question, entry: Entry, *, opens_often: bool = False
) -> Around:
    """Sympathy and a kind word where the user worries, a caution where they speak of themselves; in a house
    that `opens_often`, a phrase before any other answer to a question. The wording follows the entry, so that
    it is the same whoever asks, and nothing of the last replies is said again."""
    recent = "\n".join(
        [message.text for message in question.history if message.role is Role.ASSISTANT][-RECENT_REPLIES:]
    )
    worried, personal = bool(WORRY.search(question.text)), bool(PERSONAL.search(question.text))
    opener = ""
    if worried:
        phrases = voice.openers.get(Opener.EMPATHY, ())
        happened = bool(HAPPENED.search(question.text))
        fitting = tuple(phrase for phrase in phrases if bool(_SYMPATHY.search(phrase)) is happened)
        opener = choose(fitting or phrases, entry.id, recent)
    elif opens_often and asks(question.text):
        opener = choose(voice.openers.get(Opener.NEUTRAL, ()), entry.id, recent)
    closing = choose(voice.hedges if personal else voice.closings if worried else (), entry.id, recent)
    return Around(opener if opener not in recent else "", closing if closing not in recent else "")
