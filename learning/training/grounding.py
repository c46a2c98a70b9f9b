"""The grounding model: reads evidence and a claim together, and says whether the evidence bears it out."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from knowledge.encoder import DEFAULT_ENCODER, load_encoder
from knowledge.importing import parse_path
from knowledge.model_card import ModelCard, Selection, TrainingData, read_card
from knowledge.model_store import find_source
from knowledge.pair_scorer import PairScorer
from learning.training.cards import write_card
from learning.training.claim_sources import (
    Claim,
    answer_claims,
    curated_texts,
    groups_of,
    headline_claims,
    judged_claims,
    made_claims,
    questioned_claims,
    rated_claims,
    refuted_claims,
    split_claims,
)
from learning.training.config import Share, TrainingFailed, read_config
from learning.training.corpora import SEEDS
from learning.training.findings import finding_claims
from learning.training.grounding_stack import claim_features, fit_support, stack_figures
from learning.training.pair_export import export_pair_model
from learning.training.pair_model import PairModel, PairSettings, Show
from learning.training.shipped_weights import shipped_encoder
from learning.training.written_claims import written_claims

LICENCES = {
    "answer": "Apache-2.0", "begin": "CC-BY-4.0", "covid_faq": "Apache-2.0", "encyclopaedia": "CC-BY-SA-4.0",
    "faithdial": "MIT", "finding": "Apache-2.0", "halueval": "MIT", "headline": "Apache-2.0",
    "medquad": "CC-BY-4.0", "passages": "Apache-2.0", "questioned": "CC-BY-SA-4.0", "rated": "Apache-2.0",
    "refuted": "Apache-2.0", "seeds": "Apache-2.0", "vaccine_faq": "Apache-2.0",
    "wice": "ODC-BY, CC-BY-SA", "written": "Apache-2.0",
}  # fmt: skip
"""Of each kind of claim: of the texts that it was made from."""
_TRAINED = 0.95  # share of the work, for the progress shown
_PROBES = 64  # pairs on which the export is compared with the model


@dataclass(frozen=True, slots=True)
class GroundingConfig:
    """What a grounding model is trained with. `made` are the numbers of claims made from each corpus of
    `claim_sources.curated_texts`, `findings` those built from the grammar, and each evidence that we wrote
    ourselves is shown `written` times. `held_back` is the share of documents that the model never sees, and
    of the `unseen` kinds it sees none: only there does it show how far it can be trusted on claims of a new
    kind. The calibration is fitted on both. Of `frozen` layers from the bottom the weights stay as they
    are."""

    made: dict[str, Annotated[int, Field(ge=0)]] = field(default_factory=dict)
    findings: Annotated[int, Field(ge=0)] = 4000
    written: Annotated[int, Field(ge=0)] = 4
    base: str = DEFAULT_ENCODER
    base_licence: str = "Apache-2.0"
    name: str = "candor-grounding"
    seed: int = 1
    epochs: float = 1.0
    pairs: Annotated[int, Field(ge=2)] = 32
    learning_rate: float = 1.5e-4
    listwise: float = 0.3
    max_tokens: int = 160
    served_tokens: int = 256
    frozen: int = 0
    held_back: Share = 0.1
    unseen: tuple[str, ...] = ()
    save_steps: int = 100
    threads: int = 1


def train(config: Path, data: Path, out: Path, *, resume: bool, show: Show) -> ModelCard:
    """Trains as the file `config` says on the sets below `data` and our own seeds; fills the new folder `out`
    with the exported model and its card. What is needed to resume lies beside `out`. Raises
    `TrainingFailed`."""
    settings = read_config(config, GroundingConfig)
    show(0.0, "making claims")
    learnt, held = split_claims(
        all_claims(settings, data), settings.held_back, settings.seed, settings.unseen
    )
    if not learnt or not held:
        raise TrainingFailed(f"there is too little below {data} to train on")
    model = PairModel(
        find_source(settings.base, Path()),
        max_tokens=settings.max_tokens,
        seed=settings.seed,
        frozen=settings.frozen,
    )
    checkpoint = out.parent / f"{settings.name}.checkpoint"
    model.train(
        groups_of(learnt),
        _pair_settings(settings),
        checkpoint=checkpoint,
        resume=resume,
        show=lambda share, doing: show(_TRAINED * share, doing),
    )
    show(_TRAINED, "exporting the model")
    probes = [(claim.evidence, claim.text) for claim in held[:_PROBES]]
    correlation = export_pair_model(model, out, probes)
    card = write_card(out, _card(settings, learnt, held, correlation))
    show(0.96, "measuring on held-back documents")
    card = _measured(card, out, held)
    checkpoint.unlink(missing_ok=True)
    return card


def all_claims(config: GroundingConfig, data: Path) -> list[Claim]:
    """Every claim that the configuration asks for, in a fixed order."""
    rng = random.Random(config.seed)  # noqa: S311
    entries = list(parse_path(SEEDS / "kb").entries)
    claims = [
        *judged_claims(data),
        *answer_claims(data, rng),
        *rated_claims(data),
        *questioned_claims(data, rng),
        *headline_claims(data, rng),
        *refuted_claims(data, entries),
    ]
    for corpus, texts in curated_texts(data, entries).items():
        claims += made_claims(corpus, texts, config.made.get(corpus, 0), rng)
    claims += finding_claims(config.findings, rng)
    claims += written_claims(config.written, rng)
    return [claim for claim in claims if claim.text.strip() and claim.evidence.strip()]


def _card(
    config: GroundingConfig, learnt: Sequence[Claim], held: Sequence[Claim], correlation: float
) -> ModelCard:
    """Of the model as it was exported, before it is measured."""
    return ModelCard(
        name=config.name,
        task="grounding",
        base=config.base,
        base_licence=config.base_licence,
        created=date.today(),
        data=_data(learnt),
        config=asdict(config),
        figures={"export_correlation": correlation},
        selection=Selection("check.auroc", _set_id(held)),
        max_tokens=config.served_tokens,
    )


def _measured(card: ModelCard, folder: Path, held: Sequence[Claim]) -> ModelCard:
    """The card with its calibration and figures, both from held-back claims: the cosines of the encoder
    beside which the check runs are weighed with the model's answer."""
    encoder = load_encoder(shipped_encoder(), folder.parent)
    rows = asyncio.run(claim_features(held, encoder, PairScorer.load(folder, threads=1)))
    figures = {**card.figures, **stack_figures(held, rows)}
    write_card(folder, replace(card, figures=figures, calibration=fit_support(held, rows)))
    return read_card(folder)


def _set_id(claims: Sequence[Claim]) -> str:
    """Changes with anything that is measured on."""
    content = [[claim.text, claim.evidence, claim.supported] for claim in claims]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _data(claims: Sequence[Claim]) -> tuple[TrainingData, ...]:
    counts = Counter(claim.kind for claim in claims)
    return tuple(TrainingData(kind, LICENCES[kind], rows) for kind, rows in sorted(counts.items()))


def _pair_settings(config: GroundingConfig) -> PairSettings:
    return PairSettings(
        seed=config.seed,
        epochs=config.epochs,
        pairs=config.pairs,
        rate=config.learning_rate,
        max_tokens=config.max_tokens,
        listwise=config.listwise,
        threads=config.threads,
        checkpoint=config.save_steps,
    )
