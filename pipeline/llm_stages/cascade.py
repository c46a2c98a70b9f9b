"""Cascades: a stage's specialist decides where it is sure, and asks a language model where it is not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.allowance import calls_begun
from pipeline.llm_stages.band import EVERYWHERE, Band
from pipeline.ports import QueryRewriter, RelevanceCheck, TopicGate
from pipeline.stages.relevance_check import MOST_ENTRIES
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Accepted, Evidence, Opinion, Retrieved, SearchQuery, Topic, TopicVerdict
from pipeline.types import Question

_ALARMS = (Topic.UNSAFE, Topic.CRISIS, Topic.EMERGENCY)
_DOUBTFUL = (Topic.ON_TOPIC, Topic.OFF_TOPIC)


@dataclass(frozen=True, slots=True)
class Asking:
    """When a second engine is asked: within the band, and while the turn has begun fewer than `most_calls`
    calls (None: as often as needed)."""

    band: Band
    most_calls: int | None = None

    @property
    def always(self) -> bool:
        return self.band == EVERYWHERE

    def about(self, probability: float) -> bool:
        affordable = self.most_calls is None or calls_begun() < self.most_calls
        return affordable and self.band.covers(probability)


class GateCascade:
    """An alarm of the first gate stands, whatever the second would say. Small talk and fragments are known by
    rules and examples, so the second is asked only whether a message is on topic, unless it always is."""

    def __init__(
        self, first: TopicGate, second: TopicGate, asking: Asking, thresholds: JudgeThresholds | None = None
    ) -> None:
        self._first = first
        self._second = second
        self._asking = asking
        self._threshold = (thresholds or JudgeThresholds()).gate
        self.engine = second.engine if asking.always else "cascade"

    async def __call__(self, question: Question) -> TopicVerdict:
        """Raises what its engines raise."""
        first = await self._first(question)
        open_to_doubt = self._asking.always or first.topic in _DOUBTFUL
        if first.topic in _ALARMS or not open_to_doubt or not self._asking.about(first.probability):
            return first
        second = await self._second(question)
        probability = self._asking.band.combined(first.probability, second.probability)
        if probability >= self._threshold:
            decided = TopicVerdict(Topic.ON_TOPIC, probability)
        elif second.topic is not Topic.ON_TOPIC:
            kind = first.kind if second.topic is first.topic else ""
            decided = TopicVerdict(second.topic, probability, kind)
        else:
            decided = replace(first, probability=probability)
        return replace(decided, opinion=Opinion(first.probability, second.probability))


class RelevanceCascade:
    """The second check is asked where the first is unsure whether anything found answers. What the first
    ranks highest stays first, among what the second named, since it ranks better than a small model does;
    where the second is always asked, its own choice stands."""

    def __init__(
        self,
        first: RelevanceCheck,
        second: RelevanceCheck,
        asking: Asking,
        thresholds: JudgeThresholds | None = None,
    ) -> None:
        self._first = first
        self._second = second
        self._asking = asking
        self._thresholds = thresholds or JudgeThresholds()
        self.engine = second.engine if asking.always else "cascade"

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        """Raises what its engines raise."""
        first = await self._first(query, retrieved)
        if not retrieved.hits or not self._asking.about(first.answerable):
            return first
        second = await self._second(query, retrieved)
        probability = self._asking.band.combined(first.answerable, bool(second))
        opinion = Opinion(first.answerable, bool(second))
        if self._asking.always:
            return replace(second, opinion=opinion)
        accepted = first.accepted
        if probability < self._thresholds.least(retry=query.retry):
            accepted = ()
        elif not accepted:
            accepted = _ranked(first, second, probability)
        return replace(first, accepted=accepted, answerable=probability, opinion=opinion)


class RewriterCascade:
    """The second rewriter is asked where the first is unsure whether a message leans on the conversation."""

    engine = "cascade"

    def __init__(self, first: QueryRewriter, second: QueryRewriter, asking: Asking) -> None:
        self._first = first
        self._second = second
        self._asking = asking

    async def __call__(self, question: Question) -> SearchQuery:
        """Raises what its engines raise."""
        first = await self._first(question)
        if not question.history or not self._asking.about(first.leaning):
            return first
        second = await self._second(question)
        tries = dict.fromkeys((first.text, *second.alternates, *first.alternates))
        alternates = tuple(text for text in tries if text != second.text)[:3]
        return replace(second, alternates=alternates, leaning=first.leaning)


def _ranked(first: Evidence, second: Evidence, probability: float) -> tuple[Accepted, ...]:
    """What the second check accepts, in the order of the first."""
    shares = dict(first.judged)
    ranked = sorted(second.accepted, key=lambda item: -shares.get(item.hit.entry.id, 0.0))
    return tuple(Accepted(item.hit, probability) for item in ranked[:MOST_ENTRIES])
