"""Says what kind of message this is: about the knowledge base's topics, or something to answer otherwise."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from knowledge.types import LEARNED, FloatArray, Hit, Snapshot
from pipeline.english.language import content_words
from pipeline.english.normalising import Slang
from pipeline.english.words import WORD
from pipeline.ports import Encoder, Knowledge, encoded, release_of
from pipeline.stages.gate.alarms import Alarm, Alarms, Context, telling
from pipeline.stages.gate.exemplars import Exemplars
from pipeline.stages.gate.intent_classifier import IntentClassifier
from pipeline.stages.gate.pleasantries import without_pleasantries
from pipeline.stages.gate.spoken_language import SpokenLanguages
from pipeline.stages.relevance.domain_term import DomainTerms
from pipeline.stages.relevance.thresholds import JudgeThresholds, lowered
from pipeline.stages.retrieval import search
from pipeline.stages.rewriting.context_dependence import (
    SURELY_DEPENDS,
    ContextDependence,
    brief,
    spoken_words,
    subject,
)
from pipeline.turn import Topic, TopicVerdict
from pipeline.types import Question, Role, TurnContext

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
_CLAUSE = re.compile(r"[,;.!?\n]+")
_CLAUSES = 3
_ASKING_TOO = ("complaint", "person")  # small talk that may come with a question
_CURATED = 0.9  # a message this near to a curated wording means that, whatever language it is in


@dataclass(frozen=True, slots=True)
class _Message:
    """What the user says: as it was typed, its `core` without pleasantries, and read `together` with what was
    asked before, empty where it does not lean on that; what was `said` in all, the conversation included;
    vectors by text, also of the telling `pieces`. What is in another `language` is read by meaning alone."""

    text: str
    core: str
    together: str
    said: str
    pieces: tuple[str, ...]
    vectors: Mapping[str, FloatArray]
    context: TurnContext
    language: str = ""

    @property
    def says_nothing(self) -> bool:
        return not self.language and says_nothing(self.core)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the knowledge base makes of a text."""

    probability: float
    question_cosine: float
    background: float


class CalibratedTopicGate:
    """Weighs, as the release calibrated it, how well the message matches the knowledge base against how near
    it is to what the knowledge base is not about. A message that leans on the conversation is read together
    with it; small talk and alarms are known by their exemplars. A message that leaves out what the whole
    knowledge base is about needs a better match and, with `kinds`, so does one that asks nothing."""

    engine = "specialist"

    def __init__(
        self,
        encoder: Encoder,
        knowledge: Knowledge,
        exemplars: Exemplars,
        alarms: Alarms,
        dependence: ContextDependence,
        thresholds: JudgeThresholds | None = None,
        kinds: IntentClassifier | None = None,
        slang: Slang | None = None,
        *,
        multilingual: bool = False,
    ) -> None:
        """`multilingual`: the encoder reads messages in languages that the knowledge base is not in."""
        self._multilingual = multilingual
        self._encoder = encoder
        self._knowledge = knowledge
        self._exemplars = exemplars
        self._alarms = alarms
        self._dependence = dependence
        self._thresholds = thresholds or JudgeThresholds()
        self._kinds = kinds
        self._slang = slang or Slang({}, {})
        self._subjects: WeakKeyDictionary[Snapshot, DomainTerms] = WeakKeyDictionary()
        self._languages: WeakKeyDictionary[Snapshot, SpokenLanguages] = WeakKeyDictionary()

    async def __call__(self, question: Question) -> TopicVerdict:
        """Raises `RetrievalFailed` and `ModelUnavailable` as the ports do."""
        snapshot = release_of(question.context, self._knowledge)
        spoken = await self._spoken(snapshot)
        language = spoken.other(question.text)
        read = self._multilingual or language in spoken.codes
        message = await self._message(question, language if read else "")
        verdict = await self._verdict(snapshot, message, "" if read else language)
        return replace(verdict, language=message.language)

    async def _verdict(self, snapshot: Snapshot, message: _Message, unread: str) -> TopicVerdict:
        """`unread`: the language of a message that the encoder does not read."""
        whole = await self._read(snapshot, message, message.text)
        if alarm := await self._alarm(snapshot, message, whole):
            return TopicVerdict(alarm.topic, whole.probability, alarm.kind)
        if unread and whole.question_cosine < _CURATED:
            return TopicVerdict(Topic.OFF_TOPIC, whole.probability, f"language.{unread}")
        bare = message.core not in ("", message.text)
        alone = await self._read(snapshot, message, message.core) if bare else whole
        best = alone if alone.probability > whole.probability else whole
        kind = self._small_talk(message, best)
        if kind in _ASKING_TOO:
            best = await self._with_clauses(snapshot, message, best)
            kind = None if best.probability >= self._thresholds.gate else kind
        elif kind is None and len(message.text) > _READ:
            best = await self._with_pieces(snapshot, message, best)
        if kind is not None:
            return TopicVerdict(Topic.SMALL_TALK, best.probability, kind)
        if best.probability >= self._thresholds.gate and not message.says_nothing:
            return TopicVerdict(Topic.ON_TOPIC, best.probability)
        if message.together and (message.says_nothing or not self._changes_subject(message.core, alone)):
            joined = await self._read(snapshot, message, message.together)
            if joined.probability >= self._thresholds.gate:
                return TopicVerdict(Topic.ON_TOPIC, joined.probability)
        if message.says_nothing:
            return TopicVerdict(Topic.FRAGMENT, best.probability)
        learned = LEARNED in snapshot.calibration.figures
        least = self._thresholds.doubtful if learned else self._thresholds.doubtful_unlearned
        topic = Topic.DOUBTFUL if best.probability >= least else Topic.OFF_TOPIC
        return TopicVerdict(topic, best.probability)

    async def _message(self, question: Question, language: str) -> _Message:
        core = question.text.strip() if language else without_pleasantries(question.text)
        together, pieces = self._with_history(question, core, language), telling(question.text)
        texts = list(dict.fromkeys(text for text in (question.text, core, together, *pieces) if text))
        vectors = await encoded(question.context, self._encoder, texts)
        known = dict(zip(texts, vectors, strict=True))
        said = "\n".join((*(message.text for message in question.history), question.text))
        return _Message(question.text, core, together, said, tuple(pieces), known, question.context, language)

    async def _read(self, snapshot: Snapshot, message: _Message, text: str) -> _Reading:
        vector = message.vectors[text]
        hits = await search(snapshot, "" if message.language else text, vector, _HITS)
        features = snapshot.calibration.features([hit.score for hit in hits], vector)
        probability = snapshot.calibration.gate.probability(features) if hits else 0.0
        if (
            snapshot.calibration.gate.weights and not message.language
        ):  # one that weighs nothing takes any subject, however it is put
            probability = await self._doubted(snapshot, message, hits, vector, probability)
        return _Reading(
            probability=probability,
            question_cosine=max((hit.question_cosine for hit in hits), default=0.0),
            background=features["background"],
        )

    async def _doubted(
        self,
        snapshot: Snapshot,
        message: _Message,
        hits: Sequence[Hit],
        vector: FloatArray,
        probability: float,
    ) -> float:
        """Lowered where the message leaves out what the knowledge base is about, or asks nothing."""
        if hits and not message.together:  # what leans on the conversation need not name it again
            subject_left_out = (await self._main_subject(snapshot)).left_out(message.said, hits[0])
            probability = lowered(probability, self._thresholds.left_out * subject_left_out)
        return self._kinds.doubted(probability, vector) if self._kinds else probability

    async def _main_subject(self, snapshot: Snapshot) -> DomainTerms:
        """That of a release; read once for each, beside the event loop, and forgotten with it."""
        known = self._subjects.get(snapshot)
        if known is None:
            entries = tuple(snapshot.entries.values())
            known = self._subjects[snapshot] = await asyncio.to_thread(DomainTerms.of, entries, self._slang)
        return known

    async def _with_pieces(self, snapshot: Snapshot, message: _Message, best: _Reading) -> _Reading:
        """The best reading of any telling piece of a long message: who tells a story asks at one place of it,
        and an encoder reads only how it begins."""
        told = [await self._read(snapshot, message, piece) for piece in message.pieces]
        return max((best, *told), key=lambda reading: reading.probability)

    async def _with_clauses(self, snapshot: Snapshot, message: _Message, best: _Reading) -> _Reading:
        """The best reading of any part of a message: who complains may ask something beside."""
        if not (clauses := _clauses(message.text)):
            return best
        read = await encoded(message.context, self._encoder, clauses)
        vectors = dict(zip(clauses, read, strict=True))
        parted = replace(message, vectors={**message.vectors, **vectors})
        asked = [await self._read(snapshot, parted, clause) for clause in clauses]
        return max((best, *asked), key=lambda reading: reading.probability)

    async def _spoken(self, snapshot: Snapshot) -> SpokenLanguages:
        """The languages of a release; read once for each, beside the event loop, and forgotten with it."""
        known = self._languages.get(snapshot)
        if known is None:
            entries = tuple(snapshot.entries.values())
            known = self._languages[snapshot] = await asyncio.to_thread(SpokenLanguages.of, entries)
        return known

    async def _alarm(self, snapshot: Snapshot, message: _Message, whole: _Reading) -> Alarm | None:
        """Spelled out anywhere, or raised by the message as a whole or one of its telling pieces."""
        alarm = self._alarms.spelled_out(message.text) or self._raised(message, message.text, whole)
        for piece in message.pieces:
            if not alarm and self._alarms.raised(piece, message.vectors[piece], Context()):
                alarm = self._raised(message, piece, await self._read(snapshot, message, piece))
        return alarm

    def _raised(self, message: _Message, text: str, reading: _Reading) -> Alarm | None:
        innocent = max(reading.question_cosine, reading.background)
        context = Context(innocent, reading.probability >= self._thresholds.gate)
        return self._alarms.raised(text, message.vectors[text], context)

    def _small_talk(self, message: _Message, reading: _Reading) -> str | None:
        """The kind of small talk that the message is; None where it is something else. What may be on topic
        or a fragment has to be nearer to small talk."""
        nearest = self._exemplars.nearest("small_talk", message.vectors[message.text])
        if not message.core and any(map(str.isalpha, message.text)):
            return nearest.kind
        least = self._thresholds.small_talk
        if reading.probability >= self._thresholds.gate:
            least = max(self._thresholds.small_talk_clear, reading.question_cosine)
        elif message.says_nothing:
            least = self._thresholds.small_talk_clear
        return nearest.kind if nearest.cosine >= least else None

    def _with_history(self, question: Question, core: str, language: str) -> str:
        """The message read together with what the user asked last; empty where it does not lean on that."""
        asked = [message.text for message in question.history if message.role is Role.USER][-_REMEMBERED:]
        words = core.split()
        if not asked or not words or len(words) > _FOLLOW_UP_WORDS or len(core) > _READ:
            return ""
        if language:
            return " ".join([*asked, core]) if brief(core) else ""
        leans = says_nothing(core) or len(words) <= _SHORT or self._dependence(core) >= _LEANS
        return " ".join([*asked, core]) if leans else ""

    def _changes_subject(self, core: str, alone: _Reading) -> bool:
        """Whether a message is about something else than the knowledge base, so that what was said before
        must not carry it."""
        if alone.background >= _ELSEWHERE:
            return True
        named = sum(bool(subject(word)) for word in spoken_words(core).split())
        return named >= _OWN and alone.probability < _FOREIGN and self._dependence(core) < SURELY_DEPENDS


def _clauses(text: str) -> tuple[str, ...]:
    """The last few parts of a message of several that say what they are about."""
    parts = [part.strip() for part in _CLAUSE.split(text[:_READ])]
    told = [part for part in parts if len(part.split()) >= _SHORT and not says_nothing(part)]
    return tuple(dict.fromkeys(told[-_CLAUSES:])) if len(parts) > 1 else ()


def says_nothing(text: str) -> bool:
    """Whether no word of a message says what it is about: "why?", "and the second one", "is it safe".
    A predicate on its own, "side effects?", can be guessed, one about an unknown "it" cannot."""
    empty = _VAGUE_WORDS if len(text.split()) <= _BRIEF else _EMPTY_WORDS
    words = [word.text.lower() for word in content_words(text[:_READ])]
    told = [word for word in words if len(word) > 1 and word not in empty]
    points = any(word.lower() in _POINTERS for word in WORD.findall(text[:_READ]))
    return not told or (points and _PREDICATES.issuperset(told))
