"""Trains the topic gate across knowledge bases: where the line between on topic and off topic lies before a
release has seen its own entries, and what kind of message asks nothing at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from knowledge.encoders.model_card import ModelCard, Selection, TrainingData
from knowledge.encoders.types import TextEncoder, load_encoder
from knowledge.progress import Show
from knowledge.releases.calibration import calibrate, gate_prior, read_background
from knowledge.releases.logistic_fit import fit_logistic
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.shipped_seeds import SHIPPED_SEEDS
from knowledge.types import DEFAULT_GATE, Calibration, FloatArray, Logistic
from learning.evaluation.statistics.statistics import auroc
from learning.training import alarms as alarm_training
from learning.training.cards import set_id, write_card
from learning.training.config import Share, read_config
from learning.training.corpora import Corpus, read_corpora
from learning.training.gate_messages import LICENCES, Kind, outside_pools, read_kinds, sample
from learning.training.judging.logistic import fit_kinds, groups_apart, plain
from learning.training.retrieval.shipped_weights import shipped_encoder
from pipeline.stages.gate.alarm_model import AlarmModel
from pipeline.stages.gate.intent_classifier import IDLE, IntentClassifier

Features = dict[str, float]
FEATURES = ("score", "bounded_lead", "background")
_LOOSE = 30.0  # standard deviation of a weight that is learned from scratch
_HITS = 6


@dataclass(frozen=True, slots=True)
class GateConfig:
    """What a gate is trained with. An empty `encoder` is the one that ships. Knowledge bases and pools of
    messages that share a list of `alike` are no examples of what the others are not about. `per_pool` limits
    the messages of each, `stopped` is the share of the messages from outside for which the prior's line is
    drawn, `strength` how much a message that asks nothing is held back, `penalty` the inverse strength of the
    ridge penalty on the kinds."""

    corpora: tuple[str, ...]
    alike: tuple[tuple[str, ...], ...] = ()
    encoder: str = ""
    per_pool: Annotated[int, Field(ge=1)] = 120
    seed: int = 0
    folds: Annotated[int, Field(ge=2)] = 5
    penalty: float = 20.0
    stopped: Share = 0.98
    strength: Annotated[float, Field(ge=0)] = 0.7
    name: str = "candor-gate"


@dataclass(frozen=True, slots=True)
class _Guarded:
    """A knowledge base with messages that are about it and messages that are not, with their vectors."""

    name: str
    snapshot: LocalSnapshot
    inside: tuple[str, ...]
    outside: tuple[str, ...]


def train(config: Path, data: Path, out: Path, *, resume: bool, show: Show) -> ModelCard:
    """Trains as the file `config` says on the sets below `data` and writes the card into `out`; there is
    nothing to resume. Each figure of the prior is of a knowledge base that it was not learned from. Raises
    `TrainingFailed` and `EncoderFailed`."""
    settings = read_config(config, GateConfig)
    encoder = load_encoder(settings.encoder or shipped_encoder(), out.parent, 1)
    corpora = [corpus for source in settings.corpora for corpus in read_corpora(source, data)]
    show(0.05, "kinds of messages")
    known = read_kinds(data, corpora, settings.seed)
    kinds, figures = _kinds(known, encoder, settings)
    show(0.2, "alarms")
    alarming = [*known, *alarm_training.read_alarming(data)]
    patterns = SHIPPED_SEEDS / "alarm_patterns.yaml"
    alarms = alarm_training.fit_alarms(alarming, patterns, encoder, settings.seed)
    show(0.3, "knowledge bases and what they are not about")
    study = _Study(encoder, corpora, outside_pools(data, settings.per_pool, settings.seed), settings, show)
    prior, learned = study.learn()
    card = ModelCard(
        name=settings.name,
        task="gate",
        base=encoder.info.name,
        base_licence="Apache-2.0",
        created=date.today(),
        data=_data(alarming, corpora),
        config=asdict(settings),
        figures={name: round(figure, 4) for name, figure in (figures | learned).items()},
        selection=Selection("on_topic_auroc", set_id(study.measured_on())),
        weights=_weights(encoder, prior, kinds, alarms),
    )
    return write_card(out, card)


def _weights(
    encoder: TextEncoder, prior: Logistic, kinds: IntentClassifier, alarms: AlarmModel
) -> dict[str, Any]:
    """What the card holds, read once as the service will read it. Raises `ValueError` where that fails."""
    weights: dict[str, Any] = {
        "encoder": encoder.fingerprint,
        "prior": plain(prior),
        "kinds": kinds.to_plain(),
        "alarms": alarms.to_plain(),
    }
    gate_prior(weights)
    IntentClassifier.of(weights["kinds"])
    AlarmModel.of(weights["alarms"])
    return weights


def _kinds(
    known: Sequence[Kind], encoder: TextEncoder, settings: GateConfig
) -> tuple[IntentClassifier, dict[str, float]]:
    """The model of all messages; its figures are of intents, scenarios and knowledge bases not seen."""
    vectors = encoder.encode([each.text for each in known])
    truth = np.array([each.kind for each in known])
    idle = np.zeros(len(known))
    for seen, unseen in groups_apart([each.group for each in known], settings.folds):
        model = _fit(vectors[seen], truth[seen], settings)
        idle[unseen] = [model.idle(vectors[row]) for row in unseen]
    figures = {"idle_auroc": float(auroc(idle, np.isin(truth, list(IDLE))))} | {
        f"idle_share_of_{kind}": float((idle[truth == kind] >= 1 / 2).mean()) for kind in sorted(set(truth))
    }
    return _fit(vectors, truth, settings), figures


def _fit(vectors: FloatArray, truth: NDArray[np.str_], settings: GateConfig) -> IntentClassifier:
    names, weights, biases = fit_kinds(vectors, truth, settings.penalty)
    return IntentClassifier(names, weights, biases, settings.strength)


class _Study:
    """The knowledge bases, each seen once by a prior that was learned from the others."""

    def __init__(
        self,
        encoder: TextEncoder,
        corpora: Sequence[Corpus],
        pools: Mapping[str, tuple[str, ...]],
        settings: GateConfig,
        show: Show,
    ) -> None:
        self._settings, self._show = settings, show
        own = {
            corpus.name: tuple(
                sample([each.message for each in corpus.asked], settings.per_pool, settings.seed)
            )
            for corpus in corpora
        }
        pools = {**pools, **own}
        texts = list(dict.fromkeys(text for pool in pools.values() for text in pool))
        self._vectors = dict(zip(texts, encoder.encode(texts), strict=True))
        self._background = read_background(SHIPPED_SEEDS)
        self._near = encoder.encode(self._background)
        self._guarded = [
            _Guarded(
                name=corpus.name,
                snapshot=LocalSnapshot.of(list(corpus.entries.values()), encoder.encode),
                inside=own[corpus.name],
                outside=self._others(corpus.name, pools),
            )
            for corpus in corpora
        ]

    def learn(self) -> tuple[Logistic, dict[str, float]]:
        """The prior, and its figures as means over the knowledge bases."""
        calibrations = [self._calibrated(each, DEFAULT_GATE) for each in self._guarded]
        examples = [
            self._examples(each, calibration)
            for each, calibration in zip(self._guarded, calibrations, strict=True)
        ]
        figures: Counter[str] = Counter()
        for place, guarded in enumerate(self._guarded):
            self._show(0.5 + 0.5 * place / len(self._guarded), f"{guarded.name}, unseen")
            prior = _prior([each for other, each in enumerate(examples) if other != place], self._settings)
            figures.update(self._figures(guarded, self._calibrated(guarded, prior)))
        return _prior(examples, self._settings), {
            name: total / len(examples) for name, total in figures.items()
        }

    def measured_on(self) -> str:
        """The messages and entries that the figures are of."""
        return "".join(
            "\n".join((each.name, *each.snapshot.entries, *each.inside, *each.outside))
            for each in self._guarded
        )

    def _others(self, name: str, pools: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        alike = {name, *(other for group in self._settings.alike if name in group for other in group)}
        return tuple(text for pool, texts in pools.items() if pool not in alike for text in texts)

    def _calibrated(self, guarded: _Guarded, prior: Logistic) -> Calibration:
        return calibrate(guarded.snapshot, self._background, self._near, prior)

    def _examples(self, guarded: _Guarded, calibration: Calibration) -> tuple[list[Features], list[Features]]:
        """As many from inside as from outside, so that no knowledge base outweighs another."""
        outside = sample(guarded.outside, len(guarded.inside), self._settings.seed)
        return (
            list(self._features(guarded, calibration, guarded.inside)),
            list(self._features(guarded, calibration, outside)),
        )

    def _features(
        self, guarded: _Guarded, calibration: Calibration, texts: Sequence[str]
    ) -> Iterator[Features]:
        for text in texts:
            vector = self._vectors[text]
            hits = guarded.snapshot.search(text, vector, _HITS)
            yield calibration.features([hit.score for hit in hits], vector)

    def _figures(self, guarded: _Guarded, calibration: Calibration) -> dict[str, float]:
        inside, outside = (
            [calibration.gate.probability(found) for found in self._features(guarded, calibration, texts)]
            for texts in (guarded.inside, guarded.outside)
        )
        positive = np.repeat([True, False], [len(inside), len(outside)])
        return {
            "on_topic_auroc": float(auroc([*inside, *outside], positive)),
            "on_topic_passed": float(np.mean(np.array(inside) >= 1 / 2)),
            "off_topic_stopped": float(np.mean(np.array(outside) < 1 / 2)),
        }


def _prior(examples: Sequence[tuple[list[Features], list[Features]]], settings: GateConfig) -> Logistic:
    """The weights that tell inside from outside best, with the line drawn where `stopped` says."""
    inside = [found for each, _ in examples for found in each]
    outside = [found for _, each in examples for found in each]
    nothing = Logistic(dict.fromkeys(FEATURES, 0.0), 0.0)
    fitted = fit_logistic(nothing, inside, outside, weight_sd=_LOOSE, bias_sd=_LOOSE)
    heights = [sum(weight * found[name] for name, weight in fitted.weights.items()) for found in outside]
    return Logistic(fitted.weights, -float(np.quantile(heights, settings.stopped)))


def _data(known: Sequence[Kind], corpora: Sequence[Corpus]) -> tuple[TrainingData, ...]:
    licences = {corpus.name: corpus.licence for corpus in corpora} | LICENCES | alarm_training.LICENCES
    counts = Counter(each.source for each in known)
    return tuple(TrainingData(name, licences[name], rows) for name, rows in sorted(counts.items()))
