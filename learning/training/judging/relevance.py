"""The relevance judge: from which score on a message is answered, learned across knowledge bases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from knowledge.encoders.model_card import ModelCard, Selection, TrainingData
from knowledge.encoders.types import DEFAULT_ENCODER, TextEncoder, load_encoder
from knowledge.progress import Show
from learning.training.cards import set_id, write_card
from learning.training.config import Share, TrainingFailed, read_config
from learning.training.corpora import Corpus, read_corpora
from learning.training.judging.relevance_prior import Reached, fitted_prior, prior_figures, reached
from learning.training.retrieval.shipped_weights import shipped_encoder


@dataclass(frozen=True, slots=True)
class RelevanceConfig:
    """What a relevance judge is trained with.

    `held_back` is the share of entries that, with the same seed, the retriever has not seen; on those of the
    `measured` corpora, and on their real messages, everything here is fitted and measured. An empty
    `encoder` is the one that ships."""

    measured: tuple[str, ...]
    encoder: str = ""
    base: str = DEFAULT_ENCODER
    base_licence: str = "Apache-2.0"
    name: str = "candor-relevance"
    seed: int = 1
    held_back: Share = 0.1
    threads: int = 1


def train(config: Path, data: Path, out: Path, *, resume: bool, show: Show) -> ModelCard:
    """Fits as the file `config` says on the sets below `data`; fills the new folder `out` with the card.
    There is nothing to `resume`. Raises `TrainingFailed`."""
    settings = read_config(config, RelevanceConfig)
    encoder = load_encoder(settings.encoder or shipped_encoder(), out.parent, settings.threads)
    measured = [corpus for name in settings.measured for corpus in read_corpora(name, data)]
    return write_card(out, _fitted_card(settings, measured, encoder, show))


def _fitted_card(
    settings: RelevanceConfig, measured: Sequence[Corpus], encoder: TextEncoder, show: Show
) -> ModelCard:
    messages: list[Reached] = []
    for number, corpus in enumerate(measured, 1):
        messages += reached(corpus, encoder, settings.seed, settings.held_back)
        show(number / len(measured), f"asking {corpus.name}")
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
        selection=Selection("auroc", set_id(sorted({each.group for each in messages}))),
        weights={
            "prior": {"weights": dict(prior.model.weights), "bias": prior.model.bias},
            "sharpness": prior.sharpness,
            "encoder": encoder.fingerprint,
        },
    )
