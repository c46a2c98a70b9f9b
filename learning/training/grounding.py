"""The grounding model: reads evidence and a claim together, and says whether the evidence bears it out."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from knowledge.batching import BatchedEncoder, BatchedPairScorer
from knowledge.encoder import DEFAULT_ENCODER, load_encoder
from knowledge.importing import parse_path
from knowledge.logistic_fit import fit_logistic
from knowledge.model_card import CARD, ModelCard, Selection, TrainingData
from knowledge.model_store import find_source
from knowledge.pair_scorer import PairScorer
from knowledge.types import Entry, Logistic
from learning.evaluation.statistics import auroc, calibration_error
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
from learning.training.pair_export import export_pair_model
from learning.training.pair_model import PairModel, PairSettings, Show
from pipeline.stages.cited_text import cited_text
from pipeline.stages.conflicts import find_conflict
from pipeline.stages.grounding_check import REFUTED, SpecialistGroundingCheck
from pipeline.stages.language import content_words

_UNREAD = -99.0  # below any logit: what a rule has objected to
LICENCES = {
    "answer": "Apache-2.0", "begin": "CC-BY-4.0", "covid_faq": "Apache-2.0", "encyclopaedia": "CC-BY-SA-4.0",
    "faithdial": "MIT", "finding": "Apache-2.0", "halueval": "MIT", "headline": "Apache-2.0",
    "medquad": "CC-BY-4.0", "passages": "Apache-2.0", "questioned": "CC-BY-SA-4.0", "rated": "Apache-2.0",
    "refuted": "Apache-2.0", "seeds": "Apache-2.0", "vaccine_faq": "Apache-2.0",
    "wice": "ODC-BY, CC-BY-SA",
}  # fmt: skip
"""Of each kind of claim: of the texts that it was made from."""
PRIOR = Logistic({"worst_clause": 1.0, "cosine": 1.0, "support": 1.0}, -1.0)
_TRAINED = 0.95  # share of the work, for the progress shown
_PROBES = 64  # pairs on which the export is compared with the model


@dataclass(frozen=True, slots=True)
class GroundingConfig:
    """What a grounding model is trained with. `made` are the numbers of claims made from each corpus of
    `claim_sources.curated_texts`, `findings` those built from the grammar. `held_back` is the share of
    documents that the model never sees; on one half of them its calibration is fitted for the figures, and on
    all of them for the card. Of `frozen` layers from the bottom the weights stay as they are."""

    made: dict[str, Annotated[int, Field(ge=0)]] = field(default_factory=dict)
    findings: Annotated[int, Field(ge=0)] = 4000
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
    held_back: Share = 0.12
    save_steps: int = 100
    threads: int = 1


def train(config: Path, data: Path, out: Path, *, resume: bool, show: Show) -> ModelCard:
    """Trains as the file `config` says on the sets below `data` and our own seeds; fills the new folder `out`
    with the exported model and its card. What is needed to resume lies beside `out`. Raises
    `TrainingFailed`."""
    settings = read_config(config, GroundingConfig)
    show(0.0, "making claims")
    learnt, held = split_claims(all_claims(settings, data), settings.held_back, settings.seed)
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
    card = ModelCard(
        name=settings.name,
        task="grounding",
        base=settings.base,
        base_licence=settings.base_licence,
        created=date.today(),
        data=_data(learnt),
        config=asdict(settings),
        figures={"export_correlation": correlation},
        selection=Selection("check.auroc", _set_id(held)),
        max_tokens=settings.served_tokens,
    )
    show(0.96, "measuring on held-back documents")
    card = asyncio.run(_measured(write_card(out, card), out, held))
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
    return [claim for claim in claims if claim.text.strip() and claim.evidence.strip()]


async def _measured(card: ModelCard, folder: Path, held: Sequence[Claim]) -> ModelCard:
    """The card with its calibration, and with figures of the model and of the whole check on held-back
    claims: AUROC by kind, their means, and the calibration error."""
    encoder = BatchedEncoder(load_encoder(_served_encoder(), folder.parent))
    judge = BatchedPairScorer(PairScorer.load(folder, threads=1))
    check = SpecialistGroundingCheck(encoder, frozenset(), support=PRIOR, judge=judge)
    rows = [await _features(check, judge, claim) for claim in held]
    await encoder.close()
    await judge.close()
    chances = np.zeros(len(held))
    for side in (False, True):
        other = [place for place, claim in enumerate(held) if _half(claim) is not side]
        model = fit_support([held[place] for place in other], [rows[place] for place in other])
        for place, (claim, row) in enumerate(zip(held, rows, strict=True)):
            if _half(claim) is side:
                chances[place] = model.probability(row) if row else REFUTED
    truths = np.array([claim.supported for claim in held])
    figures = {
        **card.figures,
        **_aurocs("model", held, [row["support"] if row else _UNREAD for row in rows]),
        **_aurocs("check", held, chances),
        "check.calibration_error": float(calibration_error(chances, truths)),
    }
    return write_card(folder, replace(card, figures=figures, calibration=fit_support(held, rows)))


async def _features(
    check: SpecialistGroundingCheck, judge: BatchedPairScorer, claim: Claim
) -> Mapping[str, float] | None:
    """What the check weighs; None where one of its rules objects."""
    cited = cited_text((Entry("evidence", "", claim.evidence),))
    if not cited.sentences or not content_words(claim.text) or find_conflict(claim.text, cited):
        return None
    support = (await judge.score([(claim.evidence, claim.text)]))[0, 0]
    return {**await check.features(claim.text, cited), "support": float(support)}


def _served_encoder() -> str:
    """The encoder beside which the check runs: its cosines are weighed with the model's answer."""
    shipped = SEEDS / "models" / "retriever"
    return str(shipped) if (shipped / CARD).is_file() else DEFAULT_ENCODER


def fit_support(claims: Sequence[Claim], rows: Sequence[Mapping[str, float] | None]) -> Logistic:
    """The model of the check's features, from those claims that no rule objects to, for evidence that
    supports as many as it does not."""
    open_cases = [(claim.supported, row) for claim, row in zip(claims, rows, strict=True) if row]
    positives = [row for supported, row in open_cases if supported]
    negatives = [row for supported, row in open_cases if not supported]
    return fit_logistic(PRIOR, positives, negatives, weight_sd=3.0, bias_sd=3.0)


def _aurocs(name: str, claims: Sequence[Claim], scores: ArrayLike) -> dict[str, float]:
    """AUROC of the scores on each kind of claim, where both answers occur, and the mean of these."""
    said, truths = np.asarray(scores), np.array([claim.supported for claim in claims])
    found = {}
    for kind in sorted({claim.kind for claim in claims}):
        rows = np.array([claim.kind == kind for claim in claims])
        if 0 < truths[rows].sum() < rows.sum():
            found[f"{name}.auroc.{kind}"] = float(auroc(said[rows], truths[rows]))
    return found | ({f"{name}.auroc": float(np.mean(list(found.values())))} if found else {})


def _half(claim: Claim) -> bool:
    """On which half of the held-back documents a claim is."""
    return hashlib.sha256(claim.group.encode()).digest()[0] % 2 == 1


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
