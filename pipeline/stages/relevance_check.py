"""Says which of the found entries answer the query. On topic but about something else is a No."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.types import Calibration, FloatArray, Hit
from pipeline.ports import Encoder, Knowledge
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery

MOST_ENTRIES = 3


class CalibratedRelevanceCheck:
    """First whether anything here answers, a logistic model that the release calibrated (see
    `knowledge.calibration`); then which entry, by how far the scores are apart. An entry's probability is the
    product: it answers."""

    engine = "specialist"

    def __init__(
        self, encoder: Encoder, knowledge: Knowledge, thresholds: JudgeThresholds | None = None
    ) -> None:
        self._encoder = encoder
        self._knowledge = knowledge
        self._thresholds = thresholds or JudgeThresholds()

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        """Raises `RetrievalFailed` and `ModelUnavailable` as the ports do."""
        hits = retrieved.hits
        if not hits:
            return Evidence(query, ())
        calibration = self._knowledge.current.calibration
        vector = (await self._encoder.encode([query.text]))[0]
        answerable, probabilities = _calibrated(hits, calibration, vector)
        judged = [Accepted(*each) for each in zip(hits, probabilities, strict=True)]
        kept = self._kept(judged) if answerable >= self._thresholds.least(retry=query.retry) else ()
        return Evidence(query, kept, _probabilities(judged), answerable)

    def _kept(self, judged: Sequence[Accepted]) -> tuple[Accepted, ...]:
        """The best entry, and those so close behind it that one of them may be meant."""
        nearest = judged[0].hit.score - self._thresholds.margin
        rivals = [
            item
            for item in judged[1:]
            if item.hit.score >= nearest and item.probability >= self._thresholds.rival
        ]
        return (judged[0], *rivals[: MOST_ENTRIES - 1])


def _calibrated(
    hits: Sequence[Hit], calibration: Calibration, vector: FloatArray
) -> tuple[float, list[float]]:
    """The probability that any of at least one hit answers, and that each of them does."""
    scores = [hit.score for hit in hits]
    answerable = calibration.relevance.probability(calibration.features(scores, vector))
    return answerable, [answerable * share for share in calibration.shares(scores)]


def _probabilities(judged: Sequence[Accepted]) -> tuple[tuple[str, float], ...]:
    return tuple((item.hit.entry.id, item.probability) for item in judged)
