"""Says which of the found entries answers the query. On topic but about something else is a No."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from knowledge.types import LEARNED, Calibration, FloatArray, Hit
from pipeline.ports import Encoder, Knowledge
from pipeline.stages.relevance.thresholds import JudgeThresholds, lowered
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery

FEWEST_OFFERED, MOST_OFFERED = 2, 3
TORN, TORN_BY_HISTORY = 0.8, 0.5
"""Of the probability of the best entry: with a second one as likely as this, to answer would be a guess;
sooner so where words of the conversation speak for what was answered before (of 28 practical follow-ups 6
instead of 8 are answered wrongly, on MTRAG .054 instead of .069)."""
LEAST_OFFERED = 0.1
"""Of the probability of the best entry: a third one that is less likely than this is no choice."""


class CalibratedRelevanceCheck:
    """First whether anything here answers, a logistic model that the release calibrated (see
    `knowledge.releases.calibration`); then which entry, by how far the scores are apart. An entry's
    probability is the product: it answers. What is then done costs least (`Costs`): answer from the best
    entry, offer the best few, or neither."""

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
        answerable, shares = _calibrated(hits, calibration, vector)
        judged = [Accepted(hit, answerable * share) for hit, share in zip(hits, shares, strict=True)]
        if LEARNED not in calibration.figures:  # nor could the gate learn what is on topic
            query = replace(query, doubtful=False)
        return decided(query, judged, answerable, self._thresholds)


def decided(
    query: SearchQuery, judged: Sequence[Accepted], answerable: float, thresholds: JudgeThresholds
) -> Evidence:
    """The evidence that costs least, of at least one candidate, best first. An answer is less probable where
    only another wording found it, and where the message may be about something else; it is offered all the
    same."""
    costs, best = thresholds.costs, judged[0].probability
    doubt = thresholds.retry * query.retry + thresholds.doubt * query.doubtful
    answers = lowered(answerable, doubt)
    others = 1 - best / answerable if answerable else 1.0
    choices = [item for item in judged[:MOST_OFFERED] if item.probability >= LEAST_OFFERED * best]
    choices = choices if len(choices) >= FEWEST_OFFERED else list(judged[:FEWEST_OFFERED])
    among = sum(item.probability for item in choices)
    answer = costs.nothing * (1 - answers) + costs.other * answers * others
    offer = costs.offer * among + costs.vain * (1 - among) if len(choices) >= FEWEST_OFFERED else math.inf
    probabilities = tuple((item.hit.entry.id, item.probability) for item in judged)
    line = TORN_BY_HISTORY if query.used_history else TORN
    torn = len(judged) > 1 and judged[1].probability >= line * best
    if answer <= min(offer, answers) and not torn:
        return Evidence(query, (judged[0],), probabilities, answerable)
    offered = tuple(choices) if offer < answerable else ()
    return Evidence(query, (), probabilities, answerable, offered=offered)


def _calibrated(
    hits: Sequence[Hit], calibration: Calibration, vector: FloatArray
) -> tuple[float, list[float]]:
    """The probability that any of at least one hit answers, and each one's share of that."""
    scores = [hit.score for hit in hits]
    answerable = calibration.relevance.probability(calibration.features(scores, vector))
    return answerable, calibration.shares(scores)
