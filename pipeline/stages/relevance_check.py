"""Says which of the found entries answer the query. On topic but about something else is a No."""

from __future__ import annotations

import math
from collections.abc import Sequence

from knowledge.types import Calibration, FloatArray, Hit, Logistic, View
from pipeline.ports import Encoder, Knowledge, PairJudge
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery

MOST_ENTRIES = 3
CANDIDATES = 5
FEATURES = frozenset(
    "base pair pair_lead score_lead question_cosine answer_cosine lexical background".split()
)
"""What `candidate_features` measures: the names that a trained model's calibration may weigh."""
_CERTAIN = 1e-6  # no probability is nearer to 0 or 1 than this


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


class TrainedRelevanceCheck:
    """A model that reads the query and a passage together, for the first `candidates` hits in one batch. Its
    answer is one of the features (see `candidate_features`) that `model`, fitted on entries and knowledge
    bases held back, makes a probability of; by that the candidates are ranked anew."""

    engine = "trained"

    def __init__(
        self,
        encoder: Encoder,
        knowledge: Knowledge,
        judge: PairJudge,
        model: Logistic,
        thresholds: JudgeThresholds | None = None,
        candidates: int = CANDIDATES,
    ) -> None:
        """`model` weighs names of `FEATURES`."""
        self._encoder = encoder
        self._knowledge = knowledge
        self._judge = judge
        self._model = model
        self._thresholds = thresholds or JudgeThresholds()
        self._candidates = candidates

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        """Raises `RetrievalFailed` and `ModelUnavailable` as the ports do."""
        hits = retrieved.hits
        if not hits:
            return Evidence(query, ())
        calibration = self._knowledge.current.calibration
        vector = (await self._encoder.encode([query.text]))[0]
        pairs = [(query.text, passage_text(hit)) for hit in hits[: self._candidates]]
        logits = (await self._judge.score(pairs))[:, 0].tolist()
        judged = [
            Accepted(hit, self._model.probability(features))
            for hit, features in zip(
                hits, candidate_features(hits, calibration, vector, logits), strict=False
            )
        ]
        judged.sort(key=lambda item: -item.probability)
        accepted = self._accepted(judged, retry=query.retry)
        return Evidence(query, accepted, _probabilities(judged), judged[0].probability)

    def _accepted(self, judged: list[Accepted], *, retry: bool) -> tuple[Accepted, ...]:
        """The most probable entry where it answers, and those nearly as probable."""
        best = judged[0]
        if best.probability < self._thresholds.least(retry=retry):
            return ()
        nearest = _log_odds(best.probability) - self._thresholds.trained_margin
        rivals = [
            item
            for item in judged[1:]
            if _log_odds(item.probability) >= nearest and item.probability >= self._thresholds.trained_rival
        ]
        return (best, *rivals[: MOST_ENTRIES - 1])


def passage_text(hit: Hit) -> str:
    """What the pair model reads of a hit: the entry's question, and its answer or, where a piece of a long
    answer was found, that piece."""
    if hit.passage.view is View.CHUNK:
        return hit.passage.search_text
    return f"{hit.entry.question} {hit.entry.answer}"


def candidate_features(
    hits: Sequence[Hit], calibration: Calibration, vector: FloatArray, pair_logits: Sequence[float]
) -> list[dict[str, float]]:
    """What a trained model weighs (`FEATURES`), one mapping a candidate. `hits` are all that were found, best
    first, for the query with the unit vector `vector`; the candidates are as many of them, from the first, as
    there are `pair_logits`.

    `base` is the calibrated check's log-odds, `pair` the pair model's; `pair_lead` and `score_lead` say how
    far the candidate's logit and fused score lie above the best other candidate's, 0 where it is alone; the
    others are those of `Hit` and `Calibration.features`."""
    _, probabilities = _calibrated(hits, calibration, vector)
    candidates = hits[: len(pair_logits)]
    scores = [hit.score for hit in candidates]
    background = calibration.features(scores, vector)["background"]
    return [
        {
            "base": _log_odds(probability),
            "pair": pair_logits[place],
            "pair_lead": _lead(pair_logits, place),
            "score_lead": _lead(scores, place),
            "question_cosine": hit.question_cosine,
            "answer_cosine": hit.answer_cosine,
            "lexical": hit.lexical,
            "background": background,
        }
        for place, (hit, probability) in enumerate(zip(candidates, probabilities, strict=False))
    ]


def _calibrated(
    hits: Sequence[Hit], calibration: Calibration, vector: FloatArray
) -> tuple[float, list[float]]:
    """The probability that any of at least one hit answers, and that each of them does."""
    scores = [hit.score for hit in hits]
    answerable = calibration.relevance.probability(calibration.features(scores, vector))
    return answerable, [answerable * share for share in calibration.shares(scores)]


def _lead(values: Sequence[float], place: int) -> float:
    others = [*values[:place], *values[place + 1 :]]
    return values[place] - max(others) if others else 0.0


def _log_odds(probability: float) -> float:
    kept = min(max(probability, _CERTAIN), 1 - _CERTAIN)
    return math.log(kept / (1 - kept))


def _probabilities(judged: Sequence[Accepted]) -> tuple[tuple[str, float], ...]:
    return tuple((item.hit.entry.id, item.probability) for item in judged)
