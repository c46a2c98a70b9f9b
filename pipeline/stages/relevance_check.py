"""Says which of the found entries answer the query. On topic but about something else is a No."""

from __future__ import annotations

from pipeline.ports import Encoder, Knowledge
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery

MOST_ENTRIES = 3


class CalibratedRelevanceCheck:
    """A logistic model that the release calibrated (see `knowledge.calibration`): it weighs how well an entry
    matches, how far it stands out from the other entries, and how near the query is to what the knowledge
    base is not about."""

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
        best = calibration.features([hit.score for hit in hits], vector)
        rivals = best["score"] - best["lead"]
        judged = [
            Accepted(hit, calibration.relevance.probability(_of(hit.score, rivals, best["background"])))
            for hit in hits
        ]
        return Evidence(
            query,
            self._accepted(judged, retry=query.retry),
            tuple((item.hit.entry.id, item.probability) for item in judged),
        )

    def _accepted(self, judged: list[Accepted], *, retry: bool) -> tuple[Accepted, ...]:
        """The best entry where it answers, and those so close behind it that one of them may be meant."""
        best, least = judged[0], self._thresholds.retry if retry else self._thresholds.relevance
        if best.probability < least:
            return ()
        nearest = best.hit.score - self._thresholds.margin
        rivals = [
            item
            for item in judged[1:]
            if item.hit.score >= nearest and item.probability >= self._thresholds.rival
        ]
        return (best, *rivals[: MOST_ENTRIES - 1])


def _of(score: float, rivals: float, background: float) -> dict[str, float]:
    return {"score": score, "lead": score - rivals, "background": background}
