"""The relevance judge: from which score on a message is answered, learned across knowledge bases; and, where
it proves worth its time, a cross-encoder that tells the entry which answers from its near misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from knowledge.encoder import DEFAULT_ENCODER, TextEncoder, load_encoder
from knowledge.model_card import ModelCard, Selection, TrainingData
from knowledge.model_store import find_source
from knowledge.pair_scorer import PairScorer
from learning.training.cards import write_card
from learning.training.config import Noise, Share, TrainingFailed, read_config
from learning.training.corpora import Corpus, read_corpora
from learning.training.near_misses import Shown, groups_of
from learning.training.pair_export import export_pair_model
from learning.training.pair_model import PairGroup, PairModel, PairSettings, Show
from learning.training.relevance_prior import Reached, fitted_prior, prior_figures, reached
from learning.training.relevance_stack import judged_candidates, set_id, stacked
from learning.training.shipped_weights import shipped_encoder

_PROBES = 64  # pairs on which the export is compared with the model
_WORTH = 0.005  # AUROC that a cross-encoder has to add: it takes three times as long as all the rest


@dataclass(frozen=True, slots=True)
class CrossEncoder:
    """How the cross-encoder is trained, on a share of the messages of each corpus. Of `frozen` layers from
    the bottom the weights stay as they are. `served_tokens` is the window in service, `max_tokens` the one in
    training."""

    data: dict[str, float]
    epochs: float = 1.0
    pairs: Annotated[int, Field(ge=2)] = 40
    learning_rate: float = 1e-4
    listwise: float = 1.0
    max_tokens: int = 96
    served_tokens: int = 160
    frozen: int = 2
    save_steps: int = 100
    shown: Shown = field(default_factory=Shown)
    noise: Noise = field(default_factory=Noise)


@dataclass(frozen=True, slots=True)
class RelevanceConfig:
    """What a relevance judge is trained with.

    `held_back` is the share of entries that, with the same seed, the retriever has not seen; on those of the
    `measured` corpora, and on their real messages, everything here is fitted and measured. `cross_encoder` is
    trained only where it is given. An empty `encoder` is the one that ships."""

    measured: tuple[str, ...]
    encoder: str = ""
    base: str = DEFAULT_ENCODER
    base_licence: str = "Apache-2.0"
    name: str = "candor-relevance"
    seed: int = 1
    held_back: Share = 0.1
    threads: int = 1
    cross_encoder: CrossEncoder | None = None


def train(config: Path, data: Path, out: Path, *, resume: bool, show: Show) -> ModelCard:
    """Trains as the file `config` says on the sets below `data`; fills the new folder `out` with the card
    and, where one was asked for and helps, the exported cross-encoder. What is needed to resume lies beside
    `out`. Raises `TrainingFailed`."""
    settings = read_config(config, RelevanceConfig)
    encoder = load_encoder(settings.encoder or shipped_encoder(), out.parent, settings.threads)
    measured = [corpus for name in settings.measured for corpus in read_corpora(name, data)]
    card = _with_prior(settings, measured, encoder, show)
    write_card(out, card)
    if settings.cross_encoder is None:
        return card
    run = _CrossEncoderRun(settings, settings.cross_encoder, measured, encoder, out, show)
    return run.go(card, data, resume=resume)


def _with_prior(
    settings: RelevanceConfig, measured: Sequence[Corpus], encoder: TextEncoder, show: Show
) -> ModelCard:
    messages: list[Reached] = []
    for number, corpus in enumerate(measured, 1):
        messages += reached(corpus, encoder, settings.seed, settings.held_back)
        show(0.2 * number / len(measured), f"asking {corpus.name}")
    if not messages:
        raise TrainingFailed("there is no message to measure with")
    prior = fitted_prior(messages)
    counts = Counter(each.corpus for each in messages)
    return ModelCard(
        name=settings.name,
        task="relevance",
        base=settings.base,
        base_licence=settings.base_licence,
        created=date.today(),
        data=tuple(TrainingData(corpus.name, corpus.licence, counts[corpus.name]) for corpus in measured),
        config=asdict(settings),
        figures=prior_figures(messages),
        selection=Selection("auroc", set_id(each.group for each in messages)),
        weights={
            "prior": {"weights": dict(prior.model.weights), "bias": prior.model.bias},
            "sharpness": prior.sharpness,
            "encoder": encoder.fingerprint,
        },
    )


@dataclass(frozen=True, slots=True)
class _CrossEncoderRun:
    settings: RelevanceConfig
    how: CrossEncoder
    measured: Sequence[Corpus]
    encoder: TextEncoder
    out: Path
    show: Show

    def go(self, card: ModelCard, data: Path, *, resume: bool) -> ModelCard:
        """The card with the cross-encoder, where its probabilities tell right from wrong better than those
        without it; otherwise the card as it was, with both figures."""
        groups = self._groups(data)
        if not groups:
            raise TrainingFailed("there is nothing to train on")
        base = find_source(self.settings.base, Path())
        model = PairModel(
            base, max_tokens=self.how.max_tokens, seed=self.settings.seed, frozen=self.how.frozen
        )
        checkpoint = self.out.parent / f"{self.settings.name}.checkpoint"
        model.train(groups, self._pairs(), checkpoint=checkpoint, resume=resume, show=self.show)
        export_pair_model(model, self.out, [(each.text, each.passages[0]) for each in groups[:_PROBES]])
        tried = write_card(self.out, replace(card, max_tokens=self.how.served_tokens))
        judge = PairScorer.load(self.out, threads=self.settings.threads)
        calibration, figures = stacked(
            [
                candidate
                for corpus in self.measured
                for candidate in judged_candidates(
                    corpus, self.encoder, judge, self.settings.seed, self.settings.held_back
                )
            ]
        )
        named = {**card.figures, **{f"cross_encoder.{name}": value for name, value in figures.items()}}
        if figures["auroc"] >= figures["auroc.base"] + _WORTH:
            return write_card(self.out, replace(tried, figures=named, calibration=calibration))
        for file in self.out.iterdir():
            file.unlink()
        return write_card(self.out, replace(card, figures=named))

    def _groups(self, data: Path) -> list[PairGroup]:
        found: list[PairGroup] = []
        for name, share in self.how.data.items():
            self.show(0.2, f"mining near misses in {name}")
            for corpus in read_corpora(name, data):
                held_back = self.settings.held_back if name in self.settings.measured else 0.0
                found += groups_of(
                    corpus,
                    self.encoder.encode,
                    share=share,
                    seed=self.settings.seed,
                    held_back=held_back,
                    shown=self.how.shown,
                    noise=self.how.noise,
                )
        return found

    def _pairs(self) -> PairSettings:
        return PairSettings(
            seed=self.settings.seed,
            epochs=self.how.epochs,
            pairs=self.how.pairs,
            rate=self.how.learning_rate,
            max_tokens=self.how.max_tokens,
            listwise=self.how.listwise,
            threads=self.settings.threads,
            checkpoint=self.how.save_steps,
        )
