"""Trains the rewriter's two small models on conversational questions with human rewrites: whether a message
needs the conversation before it, and which words of the conversation belong into the query (term
classification as in QuReTeC, Voskarides et al. 2020, with a logistic model in place of BERT)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from knowledge.encoders.model_card import ModelCard, Selection, TrainingData
from knowledge.progress import Show
from knowledge.types import Logistic
from learning.evaluation.statistics.statistics import auroc
from learning.training.cards import set_id, write_card
from learning.training.config import Share, read_config
from learning.training.judging.logistic import average_precision, fit_classes, groups_apart, plain
from learning.training.rewrites import Rewrite, read_rewrites
from pipeline.stages.rewriting.context_dependence import ContextDependence, features
from pipeline.stages.rewriting.term_resolution import TermResolver

Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Penalty:
    """Inverse strength of the ridge penalty (scikit-learn's C) of each model."""

    dependence: float
    terms: float


@dataclass(frozen=True, slots=True)
class RewriterConfig:
    """What a rewriter is trained with. A message that needs its history less probably than `alone_below`
    is left as it is; `likely` is the probability from which a word is brought in, `per_set` the most rows of
    one set from which words are learned. `extra` sets, of made-up or stored conversations, are learned from
    and not measured on; a name that is a path leads to its file."""

    sets: tuple[str, ...]
    penalty: Penalty
    extra: tuple[str, ...] = ()
    per_set: int = 450
    seed: int = 0
    folds: Annotated[int, Field(ge=2)] = 5
    alone_below: Share = 0.66
    likely: Share = 0.28
    name: str = "candor-rewriter"


@dataclass(frozen=True, slots=True)
class _Words:
    """Candidate words of several rewrites: their features, whether the human took them, and whence."""

    features: list[Features]
    wanted: NDArray[np.bool_]
    rewrites: list[Rewrite]


def train(config: Path, data: Path, out: Path, *, resume: bool, show: Show) -> ModelCard:
    """Trains as the file `config` says on `data`/rewriting and writes the card into `out`; there is nothing
    to resume. All figures are of conversations that the measured model did not see. Raises
    `TrainingFailed`."""
    settings = read_config(config, RewriterConfig)
    rewrites = [each for each in read_rewrites(data / "rewriting", settings.sets) if each.history]
    extra = [each for each in read_rewrites(data / "rewriting", settings.extra) if each.history]
    show(0.1, "what stands alone")
    needs = _unseen_dependence(rewrites, extra, settings)
    dependence, figures = _dependence(rewrites, extra, needs, settings)
    show(0.4, "which words are meant")
    words = _words(rewrites, needs, dependence, settings)
    more = _words(extra, [dependence(each.text, each.history) for each in extra], dependence, settings)
    terms = _fit_terms([*words.features, *more.features], np.append(words.wanted, more.wanted), settings)
    figures |= _term_figures(words, more, settings)
    weights = {
        "dependence": plain(dependence.model) | {"alone_below": dependence.alone_below},
        "terms": plain(terms) | {"likely": settings.likely},
    }
    TermResolver.of(weights)
    card = ModelCard(
        name=settings.name,
        task="rewriter",
        base="logistic models over cues",
        base_licence="Apache-2.0",
        created=date.today(),
        data=_data([*rewrites, *extra]),
        config=asdict(settings),
        figures={name: round(figure, 4) for name, figure in figures.items()},
        selection=Selection("terms_average_precision", set_id(_measured_on(rewrites))),
        weights=weights,
    )
    return write_card(out, card)


def _cues(rewrites: Sequence[Rewrite]) -> list[Features]:
    return [features(each.text, each.history) for each in rewrites]


def _unseen_dependence(
    rewrites: Sequence[Rewrite], extra: Sequence[Rewrite], settings: RewriterConfig
) -> list[float]:
    """How probably each message needs its history, as a model says that was fitted on other conversations."""
    cues, needy = _cues(rewrites), np.array([each.needed for each in rewrites])
    more, also = _cues(extra), [each.needed for each in extra]
    found = [0.0] * len(rewrites)
    for seen, unseen in groups_apart([each.conversation for each in rewrites], settings.folds):
        learned, wanted = [*(cues[n] for n in seen), *more], np.append(needy[seen], also).astype(bool)
        model = fit_classes(learned, wanted, settings.penalty.dependence, balanced=True)
        judge = ContextDependence(model, 1.0)
        for n in unseen:
            found[n] = judge(rewrites[n].text, rewrites[n].history)
    return found


def _dependence(
    rewrites: Sequence[Rewrite], extra: Sequence[Rewrite], needs: Sequence[float], settings: RewriterConfig
) -> tuple[ContextDependence, dict[str, float]]:
    needy, unseen = np.array([each.needed for each in rewrites]), np.array(needs)
    bar = settings.alone_below
    learned = [*rewrites, *extra]
    wanted = np.array([each.needed for each in learned])
    model = fit_classes(_cues(learned), wanted, settings.penalty.dependence, balanced=True)
    figures = {
        "dependence_auroc": float(auroc(unseen, needy)),
        "standing_alone_unchanged": float((unseen[~needy] < bar).mean()),
        "needing_history_noticed": float((unseen[needy] >= bar).mean()),
    }
    return ContextDependence(model, bar), figures


def _words(
    rewrites: Sequence[Rewrite],
    needs: Sequence[float],
    dependence: ContextDependence,
    settings: RewriterConfig,
) -> _Words:
    """The words that each message lacks; a word is wanted where the human rewrite has it."""
    reader = TermResolver(dependence, Logistic({}, 0.0), 1.0)
    words = _Words([], np.array([]), [])
    wanted: list[bool] = []
    for n in _even_sets(rewrites, settings):
        each, human = rewrites[n], rewrites[n].wanted()
        for _, key, found in reader.candidates(each.text, each.history, needs[n]):
            words.features.append(found)
            words.rewrites.append(each)
            wanted.append(key in human)
    return _Words(words.features, np.array(wanted, dtype=np.bool_), words.rewrites)


def _even_sets(rewrites: Sequence[Rewrite], settings: RewriterConfig) -> Iterator[int]:
    taken: Counter[str] = Counter()
    order = random.Random(settings.seed).sample(range(len(rewrites)), len(rewrites))  # noqa: S311 - a sample
    for n in order:
        taken[rewrites[n].source] += 1
        if taken[rewrites[n].source] <= settings.per_set:
            yield n


def _fit_terms(found: Sequence[Features], wanted: NDArray[np.bool_], settings: RewriterConfig) -> Logistic:
    return fit_classes(found, wanted, settings.penalty.terms)


def _term_figures(words: _Words, more: _Words, settings: RewriterConfig) -> dict[str, float]:
    """On conversations not seen: of all words, and how well the words taken agree with the human's."""
    chances = np.zeros(len(words.wanted))
    for seen, unseen in groups_apart([each.conversation for each in words.rewrites], settings.folds):
        learned = [*(words.features[n] for n in seen), *more.features]
        model = _fit_terms(learned, np.append(words.wanted[seen], more.wanted), settings)
        chances[unseen] = [model.probability(words.features[n]) for n in unseen]
    figures = {
        "terms_auroc": float(auroc(chances, words.wanted)),
        "terms_average_precision": average_precision(chances, words.wanted),
    }
    sources = np.array([each.source for each in words.rewrites])
    for source in sorted(set(sources)):
        rows = sources == source
        figures[f"terms_f1_{source}"] = _f1(chances[rows] >= settings.likely, words.wanted[rows])
    return figures


def _f1(taken: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    return float(2 * (taken & wanted).sum() / max(1, taken.sum() + wanted.sum()))


def _data(rewrites: Sequence[Rewrite]) -> tuple[TrainingData, ...]:
    counts = Counter((each.source, each.licence) for each in rewrites)
    return tuple(TrainingData(name, licence, rows) for (name, licence), rows in sorted(counts.items()))


def _measured_on(rewrites: Sequence[Rewrite]) -> str:
    return "\n".join(sorted(f"{each.conversation}\t{each.text}" for each in rewrites))
