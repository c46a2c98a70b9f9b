"""From which score on a message is answered, before a release has seen how its own entries score."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from knowledge.encoders.types import TextEncoder
from knowledge.releases.calibration import ANSWERABLE_ODDS, RelevancePrior, calibrate, read_background
from knowledge.releases.logistic_fit import fit_logistic
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.shipped_seeds import SHIPPED_SEEDS
from knowledge.types import DEFAULT_SHARPNESS, Calibration, Hit, Logistic
from learning.evaluation.statistics.statistics import auroc, calibration_error
from learning.training.corpora import Asked, Corpus, is_held_back

START = Logistic({"score": 8.0}, 1.5)
"""Where the fit starts from. How near a message is to what a knowledge base is not about says nothing here:
a message on topic that has no answer is as far from that as any other."""
_LOOSE = 10.0  # standard deviation of a weight around its start: the messages decide
_FOUND = 8  # hits that a turn works with
_SHARPNESS = (5.0, 8.0, 10.0, 12.0, 15.0, 18.0, 22.0, 27.0, 33.0, 40.0, 50.0)


@dataclass(frozen=True, slots=True)
class Reached:
    """The hits for a message, best first: their fused `scores`, counted from the knowledge base's own level
    (see `RelevancePrior`), and which of them answer. `answerable`: some entry does. Messages of one `group`
    are not independent."""

    corpus: str
    group: str
    answerable: bool
    scores: tuple[float, ...]
    right: tuple[bool, ...]


def reached(corpus: Corpus, encoder: TextEncoder, seed: int, held_back: float) -> Iterator[Reached]:
    """Every message about held-back entries, and every real one, asked of the whole knowledge base; the same
    messages with all that answers them taken out; and the messages that nothing answers. Near misses that
    were written to be mistaken are not among these: they would teach that nothing can be told apart."""
    snapshot = LocalSnapshot.of(list(corpus.entries.values()), encoder.encode)
    background = read_background(SHIPPED_SEEDS)
    snapshot = snapshot.calibrated(calibrate(snapshot, background, encoder.encode(background)))
    level = snapshot.calibration.figures["absent_level"]
    for asked in (*_answerable(corpus, seed, held_back), *_unanswerable(corpus)):
        vector = encoder.encode([asked.message])[0]
        hits = snapshot.search(asked.message, vector, _FOUND)
        yield _reached(corpus.name, asked, hits, level)
        if asked.entry_ids:
            kin = {*asked.entry_ids}.union(*(corpus.related.get(key, ()) for key in asked.entry_ids))
            others = [hit for hit in hits if hit.entry.id not in kin]
            yield _reached(corpus.name, Asked(asked.message, ()), others, level)


def _answerable(corpus: Corpus, seed: int, share: float) -> Iterator[Asked]:
    yield from (
        each for each in corpus.asked if any(is_held_back(key, seed, share) for key in each.entry_ids)
    )
    yield from corpus.probes


def _unanswerable(corpus: Corpus) -> Iterator[Asked]:
    yield from (Asked(text, ()) for text, near in corpus.unanswerable if not near)


def _reached(corpus: str, asked: Asked, hits: Sequence[Hit], level: float) -> Reached:
    return Reached(
        corpus=corpus,
        group=f"{corpus} {asked.message}",
        answerable=bool(asked.entry_ids),
        scores=tuple(hit.score - level for hit in hits),
        right=tuple(hit.entry.id in asked.entry_ids for hit in hits),
    )


def fitted_prior(messages: Sequence[Reached]) -> RelevancePrior:
    """Whether a message has an answer, from the score of its best hit, for answerable messages as frequent as
    `knowledge.releases.calibration` takes them to be; and the sharpness under which the right hits are
    likeliest."""
    best = [(each.answerable, {"score": each.scores[0]}) for each in messages if each.scores]
    positives = [features for answerable, features in best if answerable]
    negatives = [features for answerable, features in best if not answerable]
    model = fit_logistic(START, positives, negatives, odds=ANSWERABLE_ODDS, weight_sd=_LOOSE, bias_sd=_LOOSE)
    found = [each for each in messages if any(each.right)]
    return RelevancePrior(model, max(_SHARPNESS, key=partial(_likelihood, found), default=DEFAULT_SHARPNESS))


def _likelihood(messages: Sequence[Reached], sharpness: float) -> float:
    """Mean log-probability that one of the right hits is the one that answers."""
    chances = [
        sum(share for share, right in zip(_shares(each, sharpness), each.right, strict=True) if right)
        for each in messages
    ]
    return float(np.mean(np.log(chances))) if chances else 0.0


def _shares(each: Reached, sharpness: float) -> list[float]:
    return Calibration(sharpness=sharpness).shares(each.scores)


def prior_figures(messages: Sequence[Reached]) -> dict[str, float]:
    """Of priors fitted on one half of the messages and measured on the other, as they are served (see
    `CalibratedRelevanceCheck`): AUROC (`auroc`) and calibration error of the hits' probabilities to be right,
    with answerable messages as frequent as the fit took them to be; AUROC of the messages with an answer
    against those without; how often the first hit is right where an entry answers."""
    halves = [hashlib.sha256(each.group.encode()).digest()[0] % 2 for each in messages]
    priors = [
        fitted_prior([each for each, half in zip(messages, halves, strict=True) if half != side])
        for side in (0, 1)
    ]
    judged = [
        (priors[half].model.probability({"score": each.scores[0]}), priors[half].sharpness, each)
        for each, half in zip(messages, halves, strict=True)
        if each.scores
    ]
    able = [each.answerable for _, _, each in judged]
    spoken = [judged[row] for row in _as_frequent(able)]
    hits = [
        (answerable * share, right)
        for answerable, sharpness, each in spoken
        for share, right in zip(_shares(each, sharpness), each.right, strict=True)
    ]
    chances, right = zip(*hits, strict=True)
    return {
        "auroc": float(auroc(chances, right)),
        "calibration_error": float(calibration_error(chances, right)),
        "auroc.answerable": float(auroc([answerable for answerable, _, _ in judged], able)),
        "right_first": float(np.mean([each.right[0] for _, _, each in judged if each.answerable])),
    }


def _as_frequent(answerable: Sequence[bool]) -> list[int]:
    """Rows of all answerable messages, and of as many others as the odds between the two ask for, evenly
    spread over them."""
    able = [row for row, yes in enumerate(answerable) if yes]
    unable = [row for row, yes in enumerate(answerable) if not yes]
    kept = min(len(unable), max(1, round(len(able) / ANSWERABLE_ODDS)))
    places = np.linspace(0, len(unable) - 1, kept).round().astype(int).tolist() if unable else []
    return able + [unable[place] for place in places]
