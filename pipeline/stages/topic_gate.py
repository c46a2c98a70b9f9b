"""Says what kind of message this is: about the knowledge base's topics, or something to answer otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.types import FloatArray, Snapshot
from pipeline.ports import Encoder, Knowledge
from pipeline.stages.alarms import Alarms
from pipeline.stages.dependence import dependence
from pipeline.stages.exemplars import Exemplars, Nearest
from pipeline.stages.language import content_words
from pipeline.stages.retrieval import search
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Topic, TopicVerdict
from pipeline.types import Question, Role

_PLEASANTRY = (
    r"(?:hi+|hello|hey|hiya|good (?:morning|afternoon|evening|day)|thanks?(?: you)?(?: (?:so|very) much)?|"
    r"thx|ok(?:ay)?|great|cool|nice|please|sorry|excuse me|well|there|chat ?bot|bot|again|everyone|sir|bye)"
)
_OPENING = re.compile(rf"^(?:\W*\b{_PLEASANTRY}\b[\s,.!:;–—-]*)+", re.IGNORECASE)
_CLOSING = re.compile(rf"(?:[\s,.!;–—-]+{_PLEASANTRY}\b\W*)+$", re.IGNORECASE)
_EMPTY_WORDS = frozenset(
    "one ones thing things tell mean explain ok please else happen say said know".split()
)
_VAGUE_WORDS = _EMPTY_WORDS | frozenset("two first second third last other long much many often soon".split())
_FOLLOW_UP_WORDS = 14
_SHORT = 3
_BRIEF = 4
_LEANS = 0.5
_ELSEWHERE = 0.6  # a message this near to the background is about that, whatever was said before
_REMEMBERED = 2  # messages of the user that a follow-up may lean on
_HITS = 6


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the knowledge base makes of a text."""

    probability: float
    question_cosine: float
    background: float


class CalibratedTopicGate:
    """Weighs, as the release calibrated it, how well the message matches the knowledge base against how near
    it is to what the knowledge base is not about. A message that leans on the conversation is read together
    with it; small talk and alarms are known by their exemplars."""

    engine = "specialist"

    def __init__(
        self,
        encoder: Encoder,
        knowledge: Knowledge,
        exemplars: Exemplars,
        alarms: Alarms,
        thresholds: JudgeThresholds | None = None,
    ) -> None:
        self._encoder = encoder
        self._knowledge = knowledge
        self._exemplars = exemplars
        self._alarms = alarms
        self._thresholds = thresholds or JudgeThresholds()

    async def __call__(self, question: Question) -> TopicVerdict:
        """Raises `RetrievalFailed` and `ModelUnavailable` as the ports do."""
        snapshot = self._knowledge.current
        core = without_pleasantries(question.text)
        together = _with_history(question, core)
        texts = [question.text, core or question.text, together or question.text]
        vectors = await self._encoder.encode(texts)
        whole = await self._read(snapshot, texts[0], vectors[0])
        alarm = self._alarms.raised(question.text, vectors[0], self._innocence(whole))
        if alarm:
            return TopicVerdict(alarm.topic, whole.probability, alarm.kind)
        alone = await self._read(snapshot, texts[1], vectors[1]) if texts[1] != texts[0] else whole
        best = alone if alone.probability > whole.probability else whole
        small_talk = self._exemplars.nearest("small_talk", vectors[0])
        only_polite = not core and any(map(str.isalpha, question.text))
        says_nothing = _says_nothing(core)
        if only_polite or self._is_small_talk(small_talk, best, says_nothing):
            return TopicVerdict(Topic.SMALL_TALK, best.probability, small_talk.kind)
        if best.probability >= self._thresholds.gate and not says_nothing:
            return TopicVerdict(Topic.ON_TOPIC, best.probability)
        if together and (says_nothing or alone.background < _ELSEWHERE):
            joined = await self._read(snapshot, together, vectors[2])
            if joined.probability >= self._thresholds.gate:
                return TopicVerdict(Topic.ON_TOPIC, joined.probability)
        return TopicVerdict(Topic.FRAGMENT if says_nothing else Topic.OFF_TOPIC, best.probability)

    async def _read(self, snapshot: Snapshot, text: str, vector: FloatArray) -> _Reading:
        hits = await search(snapshot, text, vector, _HITS)
        features = snapshot.calibration.features([hit.score for hit in hits], vector)
        return _Reading(
            probability=snapshot.calibration.gate.probability(features) if hits else 0.0,
            question_cosine=max((hit.question_cosine for hit in hits), default=0.0),
            background=features["background"],
        )

    def _innocence(self, reading: _Reading) -> float:
        """What an alarm has to exceed. A message on topic gets the benefit of the doubt."""
        doubt = self._thresholds.benefit if reading.probability >= self._thresholds.gate else 0.0
        return max(reading.question_cosine, reading.background) + doubt

    def _is_small_talk(self, nearest: Nearest, reading: _Reading, says_nothing: bool) -> bool:
        """A message that may be something else, on topic or a fragment, has to be nearer to small talk."""
        least = self._thresholds.small_talk
        if reading.probability >= self._thresholds.gate:
            least = max(self._thresholds.small_talk_clear, reading.question_cosine)
        elif says_nothing:
            least = self._thresholds.small_talk_clear
        return nearest.cosine >= least


def without_pleasantries(text: str) -> str:
    """The message without the greeting, thanks or goodbye around it; empty where there is nothing else."""
    return _CLOSING.sub("", _OPENING.sub("", text)).strip() if _OPENING.sub("", text).strip(" ?!.,") else ""


def _with_history(question: Question, core: str) -> str:
    """The message read together with what the user asked last; empty where it does not lean on that."""
    asked = [message.text for message in question.history if message.role is Role.USER][-_REMEMBERED:]
    words = core.split()
    leans = _says_nothing(core) or len(words) <= _SHORT or dependence(core) >= _LEANS
    if not asked or not core or not leans or len(words) > _FOLLOW_UP_WORDS:
        return ""
    return " ".join([*asked, core])


def _says_nothing(text: str) -> bool:
    """Whether no word of a message says what it is about: "why?", "and the second one", but not "how much
    is it", which one can guess."""
    empty = _VAGUE_WORDS if len(text.split()) <= _BRIEF else _EMPTY_WORDS
    words = [word.text.lower() for word in content_words(text)]
    return not any(len(word) > 1 and word not in empty for word in words)
