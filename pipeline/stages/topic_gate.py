"""Says what kind of message this is: about the knowledge base's topics, or something to answer otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.types import FloatArray, Snapshot
from pipeline.ports import Encoder, Knowledge
from pipeline.stages.alarms import Alarm, Alarms, telling
from pipeline.stages.dependence import SURELY_DEPENDS, dependence, spoken_words, subject
from pipeline.stages.exemplars import Exemplars, Nearest
from pipeline.stages.language import content_words
from pipeline.stages.retrieval import search
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Topic, TopicVerdict
from pipeline.types import Question, Role

_PLEASANTRIES = frozenset(
    tuple(phrase.split())
    for phrase in """hi,hii,hiii,hello,hey,hiya,good morning,good afternoon,good evening,good day,excuse me,
    thank,thanks,thank you,thanks so much,thanks very much,thank you so much,thank you very much,thx,ok,okay,
    great,cool,nice,please,sorry,well,there,chat bot,chatbot,bot,again,everyone,sir,bye""".split(",")
)
_LONGEST_PLEASANTRY = max(map(len, _PLEASANTRIES))
_PART_OF_A_SENTENCE = frozenset({"ok", "okay", "great", "cool", "nice", "well", "there"})
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_MARKS = " \t\r\n,.!:;–—-"
_PREDICATES = frozenset(
    """safe dangerous harmful hurt hurts painful work works effective last lasts cost costs free expensive
    worth necessary mandatory required good bad help helps risky true real long much""".split()
)
_POINTERS = frozenset("it its it's they them they're this that that's these those".split())
_EMPTY_WORDS = frozenset(
    "one ones thing things tell mean explain ok please else happen say said know".split()
)
_VAGUE_WORDS = _EMPTY_WORDS | frozenset("two first second third last other long much many often soon".split())
_FOLLOW_UP_WORDS = 14
_SHORT = 3
_BRIEF = 4
_LEANS = 0.5
_ELSEWHERE = 0.6  # a message this near to the background is about that, whatever was said before
_FOREIGN = 0.3  # so is one that is less likely than this on topic and names its subject itself
_READ = 400  # characters in which a message says what it is about
_REMEMBERED = 2  # messages of the user that a follow-up may lean on
_OWN = 2  # words with which a message names its own subject
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
        pieces = telling(question.text)
        vectors = await self._encoder.encode([*texts, *pieces])
        whole = await self._read(snapshot, texts[0], vectors[0])
        alarm = self._alarms.spelled_out(question.text) or self._alarm(question.text, vectors[0], whole)
        for piece, vector in zip(pieces, vectors[len(texts) :], strict=True):
            if not alarm and self._alarms.raised(piece, vector, 0.0):
                alarm = self._alarm(piece, vector, await self._read(snapshot, piece, vector))
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
        if together and (says_nothing or not _changes_subject(core, alone)):
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

    def _alarm(self, text: str, vector: FloatArray, reading: _Reading) -> Alarm | None:
        """A message on topic gets the benefit of the doubt."""
        doubt = self._thresholds.benefit if reading.probability >= self._thresholds.gate else 0.0
        innocent = max(reading.question_cosine, reading.background)
        return self._alarms.raised(text, vector, innocent, doubt)

    def _is_small_talk(self, nearest: Nearest, reading: _Reading, says_nothing: bool) -> bool:
        """A message that may be something else, on topic or a fragment, has to be nearer to small talk."""
        least = self._thresholds.small_talk
        if reading.probability >= self._thresholds.gate:
            least = max(self._thresholds.small_talk_clear, reading.question_cosine)
        elif says_nothing:
            least = self._thresholds.small_talk_clear
        return nearest.cosine >= least


def without_pleasantries(text: str) -> str:
    """The message without the greeting, thanks or goodbye around it; empty where there is nothing else.
    Takes time in proportion to the text, whatever it holds."""
    words = list(_TOKEN.finditer(text))
    said = [word.group().lower() for word in words]
    first, last = 0, len(words)
    while taken := _pleasantry(said[first : first + _LONGEST_PLEASANTRY], at_end=False):
        first += taken
    if first == len(words):
        return ""
    while taken := _pleasantry(said[max(first, last - _LONGEST_PLEASANTRY) : last], at_end=True):
        start = last - taken
        if start == 0 or (said[start] in _PART_OF_A_SENTENCE and not _apart(text, words, start)):
            break
        last = start
    end = words[last].start() if last < len(words) else len(text)
    kept = text[words[first - 1].end() if first else 0 : end]
    return (kept.rstrip(_MARKS) if last < len(words) else kept).lstrip(_MARKS if first else None).strip()


def _pleasantry(words: Sequence[str], at_end: bool) -> int:
    """How many words the longest pleasantry takes at the beginning or the end of `words`."""
    for length in range(len(words), 0, -1):
        if tuple(words[-length:] if at_end else words[:length]) in _PLEASANTRIES:
            return length
    return 0


def _apart(text: str, words: Sequence[re.Match[str]], place: int) -> bool:
    """Whether a mark parts a word from the one before: "is it safe, ok" but not "is it ok"."""
    return bool(text[words[place - 1].end() : words[place].start()].strip())


def _with_history(question: Question, core: str) -> str:
    """The message read together with what the user asked last; empty where it does not lean on that."""
    asked = [message.text for message in question.history if message.role is Role.USER][-_REMEMBERED:]
    words = core.split()
    if not asked or not words or len(words) > _FOLLOW_UP_WORDS or len(core) > _READ:
        return ""
    leans = _says_nothing(core) or len(words) <= _SHORT or dependence(core) >= _LEANS
    return " ".join([*asked, core]) if leans else ""


def _changes_subject(core: str, alone: _Reading) -> bool:
    """Whether a message is about something else than the knowledge base, so that what was said before must
    not carry it."""
    if alone.background >= _ELSEWHERE:
        return True
    named = sum(bool(subject(word)) for word in spoken_words(core).split())
    return named >= _OWN and alone.probability < _FOREIGN and dependence(core) < SURELY_DEPENDS


def _says_nothing(text: str) -> bool:
    """Whether no word of a message says what it is about: "why?", "and the second one", "is it safe".
    A predicate on its own, "side effects?", can be guessed, one about an unknown "it" cannot."""
    empty = _VAGUE_WORDS if len(text.split()) <= _BRIEF else _EMPTY_WORDS
    words = [word.text.lower() for word in content_words(text[:_READ])]
    told = [word for word in words if len(word) > 1 and word not in empty]
    points = any(word.lower() in _POINTERS for word in _TOKEN.findall(text[:_READ]))
    return not told or (points and _PREDICATES.issuperset(told))
