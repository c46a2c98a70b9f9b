"""Says which of the found entries answers the query. On topic but about something else is a No."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from knowledge.types import LEARNED, Calibration, FloatArray, Hit
from pipeline.ports import Encoder, Knowledge, encoded, release_of
from pipeline.stages.relevance.thresholds import JudgeThresholds, lowered
from pipeline.stages.relevance.unsupported_terms import TermSupport
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery

FEWEST_OFFERED, MOST_OFFERED = 2, 3
TORN = 0.8
"""Of the probability of the best entry: with a second one as likely as this, to answer would be a guess."""
LEAST_OFFERED = 0.1
"""Of the probability of the best entry: a third one that is less likely than this is no choice."""
OFFERED_ALL_THE_SAME = 0.5
"""Of the doubt that missing words raise, so much is held against a choice."""


class CalibratedRelevanceCheck:
    """First whether anything here answers, a logistic model that the release calibrated (see
    `knowledge.releases.calibration`); then which entry, by how far the scores are apart. An entry's
    probability is the product: it answers. What is then done costs least (`Costs`): answer from the best
    entry, offer the best few, or neither. With `support`, all of it is less probable where the best entry
    lacks what the message is about."""

    engine = "specialist"

    def __init__(
        self,
        encoder: Encoder,
        knowledge: Knowledge,
        thresholds: JudgeThresholds | None = None,
        support: TermSupport | None = None,
    ) -> None:
        self._encoder = encoder
        self._knowledge = knowledge
        self._thresholds = thresholds or JudgeThresholds()
        self._support = support

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        """Raises `RetrievalFailed` and `ModelUnavailable` as the ports do."""
        hits = retrieved.hits
        if not hits:
            return Evidence(query, ())
        snapshot = release_of(query.context, self._knowledge)
        calibration = snapshot.calibration
        vector = (await encoded(query.context, self._encoder, [query.text]))[0]
        answerable, shares = _calibrated(hits, calibration, vector)
        judged = [Accepted(hit, answerable * share) for hit, share in zip(hits, shares, strict=True)]
        if LEARNED not in calibration.figures:  # nor could the gate learn what is on topic
            query = replace(query, doubtful=False)
        evidence = decided(query, judged, answerable, self._thresholds)
        if self._support is None or query.language or not (evidence or evidence.offered):
            return evidence
        missing = await self._support.doubt(query, vector, hits[0], snapshot)
        return decided(query, judged, answerable, self._thresholds, missing) if missing else evidence


def decided(
    query: SearchQuery,
    judged: Sequence[Accepted],
    answerable: float,
    thresholds: JudgeThresholds,
    missing: float = 0.0,
) -> Evidence:
    """The evidence that costs least, of at least one candidate, best first. An answer is less probable where
    only another wording found it, and where the message may be about something else; it is offered all the
    same. Where words of the message are `missing` by so many log-odds, both are less probable, a choice by
    half of that: its reader sees that they are not there."""
    offerable = lowered(answerable, OFFERED_ALL_THE_SAME * missing)
    choices = _choices(_scaled(judged, offerable / answerable if answerable else 1.0))
    certain = lowered(answerable, missing)
    judged = _scaled(judged, certain / answerable if answerable else 1.0)
    costs, best = thresholds.costs, judged[0].probability
    answers = lowered(certain, thresholds.retry * query.retry + thresholds.doubt * query.doubtful)
    others = 1 - best / certain if certain else 1.0
    among = sum(item.probability for item in choices)
    answer = costs.nothing * (1 - answers) + costs.other * answers * others
    offer = costs.offer * among + costs.vain * (1 - among) if len(choices) >= FEWEST_OFFERED else math.inf
    probabilities = tuple((item.hit.entry.id, item.probability) for item in judged)
    torn = len(judged) > 1 and judged[1].probability >= TORN * best
    if answer <= min(offer, answers) and not torn:
        return Evidence(query, (judged[0],), probabilities, certain)
    return Evidence(query, (), probabilities, certain, offered=choices if offer < offerable else ())


def _choices(judged: Sequence[Accepted]) -> tuple[Accepted, ...]:
    least = LEAST_OFFERED * judged[0].probability
    choices = [item for item in judged[:MOST_OFFERED] if item.probability >= least]
    return tuple(choices if len(choices) >= FEWEST_OFFERED else judged[:FEWEST_OFFERED])


def _scaled(judged: Sequence[Accepted], factor: float) -> list[Accepted]:
    return [replace(item, probability=item.probability * factor) for item in judged]


def _calibrated(
    hits: Sequence[Hit], calibration: Calibration, vector: FloatArray
) -> tuple[float, list[float]]:
    """The probability that any of at least one hit answers, and each one's share of that."""
    scores = [hit.score for hit in hits]
    answerable = calibration.relevance.probability(calibration.features(scores, vector))
    return answerable, calibration.shares(scores)
