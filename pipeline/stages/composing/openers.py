"""Which phrases of the house stand around an answer. They take no side, and most answers need none: a fact is
told as it is, sympathy is for what happened, and reassurance for who is worried."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.types import Entry
from pipeline.english.lexicon import KIN
from pipeline.english.questions import asks
from pipeline.english.words import LETTERS
from pipeline.types import Question, Role
from pipeline.voice import HouseVoice, Opener, choose

RECENT_REPLIES = 2  # house phrases of the last replies are not said again
SYMPATHY = re.compile(r"\b(?:sorry|sounds?|sad)\b", re.IGNORECASE)
"""What is said of something that happened, not of something feared."""
WORRY = re.compile(
    r"\b(?:worr(?:y|ied|ies|ying)|scared?|scary|scares|afraid|fear(?:ful)?|frighten(?:ed|ing|s)"
    r"|terrif(?:ied|ying)|anxious|nervous|panic\w*|freak\w* out|concerned|upset)\b",
    re.IGNORECASE,
)
FEARLESS = re.compile(
    r"\b(?:not|never|no longer|(?:is|was|are|do|does|did|have|ai)n['’]?t|no)\b[\w ]{0,12}$", re.IGNORECASE
)
PERSONAL = re.compile(
    rf"\b(?:i am|i['’]?m|i have|i['’]?ve|i take|should i|my (?:\w+ )?(?:{KIN}))\b", re.IGNORECASE
)
_SOMEBODY = r"(?:i|we|he|she|my (?:\w+ )?\w+)"
_HYPOTHETICAL = (
    r"(?<!if )(?<!can )(?<!could )(?<!will )(?<!would )(?<!when )(?<!should )(?<!must )(?<!may )(?<!do )"
)
_STRICKEN = (
    r"(?:hurt|ill|sick(?! of)|unwell|sore|injured|robbed|stolen|bleeding|swollen|hospitali[sz]ed|dizzy"
    r"|feverish|diagnosed|in (?:\w+ )?(?:pain|hospital))"
)
_BLOW = r"(?:accident|miscarriage|stroke|heart attack)"
MISFORTUNE = re.compile(
    rf"\b{_HYPOTHETICAL}{_SOMEBODY} (?:(?:just|recently|also|have|has|had|suddenly|sadly) )*"
    rf"(?:died|passed away|fainted|collapsed|vomited|threw up|miscarried|fell (?:ill|sick|down)"
    rf"|lost (?:my|our|his|her)|(?:had|have|has) an? (?:\w+ )?{_BLOW}"
    rf"|feels? (?:\w+ )?(?:rotten|awful|terrible|horrible|miserable|sick(?! of)|ill|unwell|bad)"
    rf"|(?:am|is|are|was|were|got|been|became|feels?) (?:(?:so|very|really|badly|all|quite) )*{_STRICKEN})\b",
    re.IGNORECASE,
)
"""Something bad that did happen to the user or somebody of theirs."""
HOSTILE = re.compile(
    r"\b(?:l(?:ies|iars?|ying)|idiots?|morons?|stupid|dumb|shut up|scam(?:mers?)?|bull ?shit|wtf|f[u*]ck\w*"
    r"|crap|garbage|useless (?:bot|thing|machine)|shills?|paid (?:by|off))\b",
    re.IGNORECASE,
)
PLAIN = re.compile(
    r"(?:^|[.,;!?] )\W*(?:(?:so|and|but|well|hi|hey|hello|ok|okay|please|then) )*"
    r"(?:what|which|who|whom|whose|when|where|how(?! come\b)|tell me|list|explain|show me|price|cost)\b",
    re.IGNORECASE,
)
_SHOUTED = 4  # words in capitals that are no abbreviations any more


@dataclass(frozen=True, slots=True)
class Around:
    """The phrase of the house before an answer and the one behind it; "" for none."""

    opener: str = ""
    closing: str = ""


def phrases_around(
    voice: HouseVoice, question: Question, entry: Entry, *, opens_often: bool = False
) -> Around:
    """What stands around an answer from `entry`. `opens_often`: the house begins most answers with a phrase,
    so that one that only pleases is in place. The wording follows the entry and not the message, so that it
    is the same whoever asks; what the last replies said is not said again. The hostile get the answer alone.
    """
    if is_hostile(question.text):
        return Around()
    replies = [message.text for message in question.history if message.role is Role.ASSISTANT]
    recent = "\n".join(replies[-RECENT_REPLIES:])

    def new(phrases: Sequence[str]) -> str:
        return choose([phrase for phrase in phrases if phrase not in recent], entry.id)

    opener = new(_opening(voice, question.text, is_first=not replies, opens_often=opens_often))
    return Around(opener, new(_closing(voice, question.text)))


def is_worried(message: str) -> bool:
    """Whether the user says that something frightens them, or somebody of theirs."""
    return any(not FEARLESS.search(message[: found.start()]) for found in WORRY.finditer(message))


def suffers(message: str) -> bool:
    """Whether the user tells of something bad that happened."""
    return bool(MISFORTUNE.search(message))


def is_hostile(message: str) -> bool:
    """Whether the user insults or shouts: a friendly phrase would sound like mockery."""
    words = [word for word in LETTERS.findall(message) if len(word) > 1]
    return bool(HOSTILE.search(message)) or (len(words) >= _SHOUTED and message.isupper())


def _opening(voice: HouseVoice, message: str, *, is_first: bool, opens_often: bool) -> Sequence[str]:
    """The phrases that would fit before the answer."""
    felt = voice.openers.get(Opener.EMPATHY, ())
    if suffers(message):
        return [phrase for phrase in felt if SYMPATHY.search(phrase)]
    if is_worried(message):
        return [phrase for phrase in felt if not SYMPATHY.search(phrase)]
    if is_first and voice.salutations:
        return voice.salutations
    if opens_often and asks(message) and not PLAIN.search(message):
        return voice.openers.get(Opener.NEUTRAL, ())
    return ()


def _closing(voice: HouseVoice, message: str) -> Sequence[str]:
    """A caution where the user speaks of themselves, else a kind word where they worry or the house always
    has one."""
    if PERSONAL.search(message):
        return voice.hedges
    return voice.closings if voice.closes_often or is_worried(message) else ()
