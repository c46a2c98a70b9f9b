"""Cascades: a stage's specialist decides where it is sure, and asks a language model where it is not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.llm.usage import TurnBudget
from pipeline.llm_stages.band import EVERYWHERE, Band
from pipeline.ports import QueryRewriter, RelevanceCheck, TopicGate
from pipeline.stages.relevance.relevance_check import decided
from pipeline.stages.relevance.thresholds import JudgeThresholds
from pipeline.turn import Accepted, Evidence, Opinion, Retrieved, SearchQuery, Topic, TopicVerdict
from pipeline.types import Question

_ALARMS = (Topic.UNSAFE, Topic.CRISIS, Topic.EMERGENCY)
_OPEN = (Topic.ON_TOPIC, Topic.DOUBTFUL, Topic.OFF_TOPIC)


@dataclass(frozen=True, slots=True)
class Asking:
    """When a second engine is asked: within the band, and while the turn has begun fewer than `most_calls`
    calls (None: as often as needed)."""

    band: Band
    most_calls: int | None = None

    @property
    def always(self) -> bool:
        return self.band == EVERYWHERE

    def about(self, probability: float, budget: TurnBudget) -> bool:
        return budget.allows(self.most_calls) and self.band.covers(probability)


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
        open_to_doubt = self._asking.always or first.topic in _OPEN
        if first.topic in _ALARMS or not open_to_doubt:
            return first
        if not self._asking.about(first.probability, question.context.budget):
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
    """The second check is asked where the first is unsure whether anything found answers. Among what the
    second named, the first's ranking stands, since it ranks better than a small model does;
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
        if not retrieved.hits or not self._asking.about(first.answerable, query.context.budget):
            return first
        second = await self._second(query, retrieved)
        probability = self._asking.band.combined(first.answerable, bool(second))
        opinion = Opinion(first.answerable, bool(second))
        if self._asking.always:
            return replace(second, opinion=opinion)
        weighed = _weighed(first, second, retrieved, probability)
        return replace(decided(query, weighed, probability, self._thresholds), opinion=opinion)


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
        if not question.history or not self._asking.about(first.leaning, question.context.budget):
            return first
        second = await self._second(question)
        tries = dict.fromkeys((first.text, *second.alternates, *first.alternates))
        alternates = tuple(text for text in tries if text != second.text)[:3]
        return replace(second, alternates=alternates, leaning=first.leaning)


def _weighed(first: Evidence, second: Evidence, retrieved: Retrieved, probability: float) -> list[Accepted]:
    """The candidates with the probability that one of them answers shared out as the first check shares it,
    among what the second named where it named any."""
    named = {entry_id for entry_id, probability in second.judged if probability}
    shares = {entry_id: share for entry_id, share in first.judged if not named or entry_id in named}
    whole = sum(shares.values()) or 1.0
    judged = [Accepted(hit, probability * shares.get(hit.entry.id, 0.0) / whole) for hit in retrieved.hits]
    return sorted(judged, key=lambda item: -item.probability)
