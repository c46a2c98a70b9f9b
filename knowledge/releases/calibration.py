"""What a release learns about its own scores, without labels: its own questions with their entry hidden, its
own alternates with their wording hidden, and messages that it is not about."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from knowledge.errors import BackgroundUnusable
from knowledge.releases.calibration_examples import Features, Outside, OwnQuestions
from knowledge.releases.logistic_fit import fit_if_better, fit_logistic
from knowledge.releases.sharpness import fitted_sharpness
from knowledge.types import (
    DEFAULT_GATE,
    DEFAULT_RELEVANCE,
    DEFAULT_SHARPNESS,
    RELEVANCE_OF_FEW,
    Calibration,
    FloatArray,
    Logistic,
    View,
)

if TYPE_CHECKING:
    from knowledge.releases.snapshot import LocalSnapshot

_T = TypeVar("_T")

SAMPLE = 200
"""At most so many examples of each sort: enough for a handful of weights, seconds at 10,000 entries."""
ENOUGH = 10
"""Entries; with fewer, hiding one leaves too little to compare with, and the defaults stand."""
ANSWERABLE_ODDS = 4.0
"""How often a message on topic has an answer, against how often it has none."""
ON_TOPIC_ODDS = 2.0
"""How often a message is on topic, against how often it is not."""
_ASKED = frozenset({View.QUESTION, View.ALTERNATE})
_REWORDED = frozenset({View.ALTERNATE})
_QUESTIONS = frozenset({View.QUESTION})
_SEED = 20260101
_EVEN = 0.5


def read_background(seeds: Path) -> tuple[str, ...]:
    """Messages that a knowledge base is usually not about: unrelated ones, typical ones of several domains
    and small talk, from `background.yaml` and `small_talk.yaml`. Raises `BackgroundUnusable`."""
    near = _groups(seeds / "background.yaml", lambda read: [read["unrelated"], *read["near"].values()])
    return near + _groups(seeds / "small_talk.yaml", lambda read: list(read.values()))


def _groups(file: Path, of: Callable[[Any], list[list[object]]]) -> tuple[str, ...]:
    import yaml

    try:
        return tuple(str(text) for group in of(yaml.safe_load(file.read_text("utf-8"))) for text in group)
    except OSError as error:
        raise BackgroundUnusable(f"{file} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise BackgroundUnusable(f"{file} cannot be used: {error}.") from error


def gate_prior(weights: Mapping[str, Any]) -> Logistic:
    """What many knowledge bases taught about the gate's features, from the gate's card. Raises `LookupError`,
    `TypeError` and `ValueError` where the card has another shape."""
    return _prior(weights)


@dataclass(frozen=True, slots=True)
class RelevancePrior:
    """What many knowledge bases taught about having an answer. The feature `score` of `model` is counted from
    the level that a knowledge base's own questions reach without their own entry: knowledge bases differ in
    it, and what lies above it is much the same in all. `sharpness` is that of `Calibration`."""

    model: Logistic
    sharpness: float

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> RelevancePrior:
        """From the relevance judge's card. Raises `LookupError`, `TypeError` and `ValueError` where the card
        has another shape."""
        return cls(_prior(weights), float(weights["sharpness"]))

    def at(self, level: float) -> Logistic:
        """The model over plain scores, for a knowledge base of this level."""
        shift = self.model.weights.get("score", 0.0) * level
        return Logistic(self.model.weights, self.model.bias - shift)


def _prior(weights: Mapping[str, Any]) -> Logistic:
    prior = {name: float(weight) for name, weight in weights["prior"]["weights"].items()}
    if unknown := prior.keys() - Calibration().features([], np.zeros(1, dtype=np.float32)).keys():
        raise ValueError(f"unknown features: {', '.join(sorted(unknown))}")
    return Logistic(prior, float(weights["prior"]["bias"]))


def calibrate(
    snapshot: LocalSnapshot,
    background: Sequence[str],
    vectors: FloatArray,
    prior: Logistic = DEFAULT_GATE,
    relevance_prior: RelevancePrior | None = None,
) -> Calibration:
    """Learns the two judges of a release from an uncalibrated snapshot and the background with its unit
    vectors, shape (len(background), dimension). `prior` and `relevance_prior` are the judges of a knowledge
    base unseen so far.

    A message of the background that the knowledge base turns out to be about is dropped. The gate learns to
    tell the knowledge base's own questions, their entry hidden, from the rest of the background: to be on
    topic is not to have an answer. The relevance check starts from the level that the entries' questions
    reach with their entry hidden, whatever alternates there are, and learns to tell alternates asked of an
    entry that has none from the same alternates with their entry hidden. Both stay near the shipped defaults
    as far as the examples are few, and the second keeps them where entries have no alternates, or where what
    it learned tells left-out alternates apart no better; so it is with the sharpness, which says how surely
    the better of two entries is the one meant."""
    chance = np.random.default_rng(_SEED)
    outside = Outside(snapshot, background, vectors, prior)
    kept = vectors[outside.kept]
    if len(snapshot.entries) < ENOUGH:
        return Calibration(prior, RELEVANCE_OF_FEW, kept)
    own = OwnQuestions(snapshot, Calibration(background=kept))
    asked = own.hidden(_sample(own.rows(_ASKED), chance))
    negatives = [outside.features(row) for row in _sample(outside.kept, chance)]
    gate = fit_logistic(prior, asked, negatives, odds=ON_TOPIC_ODDS)
    level = _mean_score(own.hidden(_sample(own.rows(_QUESTIONS), chance)))
    start = relevance_prior.at(level) if relevance_prior else DEFAULT_RELEVANCE
    reworded = _sample(own.rows(_REWORDED), chance)
    found, absent = own.reworded(reworded), own.hidden(reworded)
    relevance = fit_if_better(
        start, found, absent, [own.entry_of(row) for row in reworded], odds=ANSWERABLE_ODDS
    )
    figures = {
        "absent_level": level,
        "background_dropped": float(len(background) - len(kept)),
        "own_questions_on_topic": _passed(gate, asked),
        "background_on_topic": _passed(gate, negatives),
        "rewordings_accepted": _passed(relevance, found),
        "absent_accepted": _passed(relevance, absent),
    }
    usual = relevance_prior.sharpness if relevance_prior else DEFAULT_SHARPNESS
    sharpness = fitted_sharpness(usual, own.rankings(reworded))
    return Calibration(gate, relevance, kept, figures, sharpness)


def calibration_to_json(calibration: Calibration) -> bytes:
    """The background is kept as half-precision numbers: a cosine changes by less than 0.001."""
    halves = calibration.background.astype("<f2")
    plain = {
        "gate": {"weights": dict(calibration.gate.weights), "bias": calibration.gate.bias},
        "relevance": {"weights": dict(calibration.relevance.weights), "bias": calibration.relevance.bias},
        "figures": dict(calibration.figures),
        "sharpness": calibration.sharpness,
        "background": {"shape": halves.shape, "data": base64.b64encode(halves.tobytes()).decode("ascii")},
    }
    return json.dumps(plain).encode("utf-8")


def calibration_from_json(data: bytes) -> Calibration:
    """Raises `ValueError`, `KeyError` or `TypeError` where the data is not of `calibration_to_json`."""
    plain = json.loads(data)
    rows, columns = plain["background"]["shape"]
    halves = np.frombuffer(base64.b64decode(plain["background"]["data"]), dtype="<f2")
    return Calibration(
        Logistic(plain["gate"]["weights"], float(plain["gate"]["bias"])),
        Logistic(plain["relevance"]["weights"], float(plain["relevance"]["bias"])),
        halves.reshape(rows, columns).astype(np.float32),
        plain["figures"],
        float(plain.get("sharpness", DEFAULT_SHARPNESS)),
    )


def _mean_score(examples: Sequence[Features]) -> float:
    return float(np.mean([features["score"] for features in examples]))


def _sample(rows: list[_T], chance: np.random.Generator) -> list[_T]:
    if len(rows) <= SAMPLE:
        return rows
    return [rows[i] for i in sorted(chance.choice(len(rows), SAMPLE, replace=False))]


def _passed(judge: Logistic, examples: Sequence[Features]) -> float:
    """The share of the examples that the judge says yes to, at even odds."""
    yes = [judge.probability(features) >= _EVEN for features in examples]
    return sum(yes) / len(yes) if yes else 0.0
