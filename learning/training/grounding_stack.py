"""What makes a probability of the grounding model's answer, fitted and measured on claims it never saw."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from knowledge.batching import BatchedEncoder, BatchedPairScorer
from knowledge.encoder import TextEncoder
from knowledge.logistic_fit import fit_logistic
from knowledge.pair_scorer import PairScorer
from knowledge.types import Entry, Logistic
from learning.evaluation.statistics import auroc, calibration_error
from learning.training.claim_sources import Claim
from pipeline.stages.cited_text import cited_text
from pipeline.stages.conflicts import find_conflict
from pipeline.stages.grounding_check import REFUTED, SUPPORT, SpecialistGroundingCheck
from pipeline.stages.language import content_words

PRIOR = Logistic({**SUPPORT.weights, "support": 0.5}, SUPPORT.bias)
Features = Mapping[str, float]
_A_KIND = 75  # supported claims of a kind, and unsupported ones, that are fitted on at most
_UNREAD = -99.0  # below any logit: said of claims without content


async def claim_features(
    claims: Sequence[Claim], encoder: TextEncoder, scorer: PairScorer
) -> list[Features | None]:
    """What the check weighs of each claim (`pipeline.stages.grounding_check.FEATURES`); None where it has
    nothing to weigh."""
    batched, judge = BatchedEncoder(encoder), BatchedPairScorer(scorer)
    check = SpecialistGroundingCheck(batched, frozenset())
    rows: list[Features | None] = []
    for claim in claims:
        cited = cited_text((Entry("evidence", "", claim.evidence),))
        if not cited.sentences or not content_words(claim.text):
            rows.append(None)
            continue
        features = await check.features(claim.text, cited, find_conflict(claim.text, cited))
        support = float((await judge.score([(claim.evidence, claim.text)]))[0, 0])
        rows.append({**features, "support": support})
    await batched.close()
    await judge.close()
    return rows


def fit_support(claims: Sequence[Claim], rows: Sequence[Features | None], seed: int = 0) -> Logistic:
    """The model of the check's features, for as many supported claims as unsupported ones. Verbatim
    sentences, which the check passes by themselves, are left out."""
    by_kind: dict[tuple[str, bool], list[Features]] = defaultdict(list)
    for claim, row in zip(claims, rows, strict=True):
        if row and claim.text not in claim.evidence:
            by_kind[claim.kind, claim.supported].append(row)
    rng = random.Random(seed)  # noqa: S311
    examples: dict[bool, list[Features]] = {True: [], False: []}
    for (_, supported), found in by_kind.items():
        examples[supported] += rng.sample(found, min(_A_KIND, len(found)))
    return fit_logistic(PRIOR, examples[True], examples[False], weight_sd=3.0, bias_sd=3.0)


def stack_figures(claims: Sequence[Claim], rows: Sequence[Features | None]) -> dict[str, float]:
    """AUROC of the model alone and of the whole check, by kind and in the mean over kinds, and the check's
    calibration error; each half of the documents is judged by what was fitted on the other."""
    chances = np.zeros(len(claims))
    for side in (False, True):
        other = [place for place, claim in enumerate(claims) if _half(claim) is not side]
        model = fit_support([claims[place] for place in other], [rows[place] for place in other])
        for place, (claim, row) in enumerate(zip(claims, rows, strict=True)):
            if _half(claim) is side:
                chances[place] = model.probability(row) if row else REFUTED
    truths = np.array([claim.supported for claim in claims])
    return {
        **_aurocs("model", claims, [row["support"] if row else _UNREAD for row in rows]),
        **_aurocs("check", claims, chances),
        "check.calibration_error": float(calibration_error(chances, truths)),
    }


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
