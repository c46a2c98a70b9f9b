"""What a release learns about its own scores, without labels: its own questions with their entry hidden, its
own alternates with their wording hidden, and messages that it is not about."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from knowledge.errors import BackgroundUnusable
from knowledge.releases.logistic_fit import fit_logistic
from knowledge.types import (
    DEFAULT_GATE,
    DEFAULT_RELEVANCE,
    DEFAULT_SHARPNESS,
    RELEVANCE_OF_FEW,
    Calibration,
    FloatArray,
    Logistic,
    View,
    nearest_mean,
)

if TYPE_CHECKING:
    from knowledge.releases.snapshot import LocalSnapshot, Signals

Features = dict[str, float]
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
_SAME = 0.9  # questions whose cosine is higher ask the same: passages under one heading, near duplicates
_SEED = 20260101
_EVEN = 0.5
_INSIDE = 0.65  # from this probability on, a message of the background is one of the knowledge base
_BLOCK = 64  # rows of the background compared with all passages at a time
_WORTH_A_LOOK = 0.4  # a message that is nearer to no passage cannot pass the gate


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
    topic is not to have an answer. The relevance check learns to tell alternates, found without their own
    wording, from the same alternates with their entry hidden. Both stay near the shipped defaults as far as
    the examples are few, and the second keeps them where entries have no alternates."""
    chance = np.random.default_rng(_SEED)
    outside = _Outside(snapshot, background, vectors, prior)
    kept = vectors[outside.kept]
    if len(snapshot.entries) < ENOUGH:
        return Calibration(prior, RELEVANCE_OF_FEW, kept)
    own = _OwnQuestions(snapshot, Calibration(background=kept))
    asked = own.hidden(_sample(own.rows(_ASKED), chance))
    negatives = [outside.features(row) for row in _sample(outside.kept, chance)]
    reworded = _sample(own.rows(_REWORDED), chance)
    found, absent = own.reworded(reworded), own.hidden(reworded)
    gate = fit_logistic(prior, asked, negatives, odds=ON_TOPIC_ODDS)
    level = float(np.mean([features["score"] for features in asked]))
    start = relevance_prior.at(level) if relevance_prior else DEFAULT_RELEVANCE
    relevance = fit_logistic(start, found, absent, odds=ANSWERABLE_ODDS)
    figures = {
        "absent_level": level,
        "background_dropped": float(len(background) - len(kept)),
        "own_questions_on_topic": _passed(gate, asked),
        "background_on_topic": _passed(gate, negatives),
        "rewordings_accepted": _passed(relevance, found),
        "absent_accepted": _passed(relevance, absent),
    }
    sharpness = relevance_prior.sharpness if relevance_prior else DEFAULT_SHARPNESS
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


class _OwnQuestions:
    """A snapshot's own passages, by row, as queries to itself."""

    def __init__(self, snapshot: LocalSnapshot, calibration: Calibration) -> None:
        self._snapshot = snapshot
        self._calibration = calibration
        self._ordinals = {entry_id: ordinal for ordinal, entry_id in enumerate(snapshot.entries)}
        self._measured: dict[int, Signals] = {}
        self._rows: dict[str, list[int]] = {}  # of each entry, its question first
        for row in range(snapshot.searchable):
            self._rows.setdefault(snapshot.passages[row].entry_id, []).append(row)
        self._questions = snapshot.vectors[[self._rows[entry_id][0] for entry_id in snapshot.entries]]

    def rows(self, views: frozenset[View]) -> list[int]:
        passages = self._snapshot.passages
        return [row for row in range(self._snapshot.searchable) if passages[row].view in views]

    def hidden(self, rows: Sequence[int]) -> list[Features]:
        """The features of passages asked of the knowledge base without their own entry, and without those
        that ask the same: what is hidden must be gone."""
        return [self._features(row, self._without_entry(row)) for row in rows]

    def reworded(self, rows: Sequence[int]) -> list[Features]:
        """The features of passages asked of the knowledge base without this wording of their entry."""
        return [self._features(row, _fused(self._snapshot, self._without(row))) for row in rows]

    def _without_entry(self, row: int) -> FloatArray:
        own = self._ordinal(row)
        alike = self._questions @ self._questions[own] > _SAME
        alike[own] = True
        others = _fused(self._snapshot, self._signals(row))
        return np.delete(others, own) if alike.all() else others[~alike]

    def _signals(self, row: int) -> Signals:
        """Of a passage asked as a query. Measured once: it is asked with its entry and without."""
        if row not in self._measured:
            text = self._snapshot.passages[row].text
            self._measured[row] = self._snapshot.signals(text, self._snapshot.vectors[row])
        return self._measured[row]

    def _without(self, row: int) -> Signals:
        snapshot, own = self._snapshot, self._ordinal(row)
        others = [other for other in self._rows[snapshot.passages[row].entry_id] if other != row]
        questions = [other for other in others if snapshot.passages[other].view is not View.CHUNK]
        found = self._signals(row)
        cosines, shares = found.question_cosine.copy(), found.lexical.copy()
        cosines[own] = (snapshot.vectors[questions] @ snapshot.vectors[row]).max()
        shares[own] = snapshot.lexical.scores(snapshot.passages[row].text)[others].max()
        return replace(found, question_cosine=cosines, lexical=shares)

    def _ordinal(self, row: int) -> int:
        return self._ordinals[self._snapshot.passages[row].entry_id]

    def _features(self, row: int, scores: FloatArray) -> Features:
        best_first = -np.sort(-scores)
        return self._calibration.features(best_first.tolist(), self._snapshot.vectors[row])


class _Outside:
    """The part of the background that the knowledge base is not about; `kept` are its rows."""

    def __init__(
        self, snapshot: LocalSnapshot, texts: Sequence[str], vectors: FloatArray, prior: Logistic
    ) -> None:
        self._snapshot, self._texts, self._vectors = snapshot, texts, vectors
        self._prior = prior
        near = set(self._worth_a_look())
        self.kept = [row for row in range(len(texts)) if row not in near or not self._inside(row)]

    def features(self, row: int) -> Features:
        """Of the message asked of the knowledge base; it is not compared with itself."""
        vector = self._vectors[row]
        scores = _fused(self._snapshot, self._snapshot.signals(self._texts[row], vector))
        others = np.delete(self._vectors @ vector, row)
        near = nearest_mean(others) if len(others) else 0.0
        return Calibration().features((-np.sort(-scores)).tolist(), vector) | {"background": near}

    def _worth_a_look(self) -> Iterator[int]:
        searched = self._snapshot.vectors[: self._snapshot.searchable]
        for start in range(0, len(self._vectors), _BLOCK):
            cosines = self._vectors[start : start + _BLOCK] @ searched.T
            near = cosines.max(axis=1, initial=-1.0) >= _WORTH_A_LOOK
            yield from (start + int(row) for row in np.flatnonzero(near))

    def _inside(self, row: int) -> bool:
        return self._prior.probability(self.features(row)) >= _INSIDE


def _fused(snapshot: LocalSnapshot, signals: Signals) -> FloatArray:
    return snapshot.weights.fuse(signals.question_cosine, signals.answer_cosine, signals.lexical)


def _sample(rows: list[_T], chance: np.random.Generator) -> list[_T]:
    if len(rows) <= SAMPLE:
        return rows
    return [rows[i] for i in sorted(chance.choice(len(rows), SAMPLE, replace=False))]


def _passed(judge: Logistic, examples: Sequence[Features]) -> float:
    """The share of the examples that the judge says yes to, at even odds."""
    yes = [judge.probability(features) >= _EVEN for features in examples]
    return sum(yes) / len(yes) if yes else 0.0
