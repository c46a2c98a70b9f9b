"""The relevance judge's calibration: what the pair model and the retriever say, made one probability."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.calibration import calibrate, read_background
from knowledge.encoder import TextEncoder
from knowledge.logistic_fit import fit_logistic
from knowledge.pair_scorer import PairScorer
from knowledge.snapshot import LocalSnapshot
from knowledge.types import Logistic
from learning.evaluation.statistics import auroc, calibration_error
from learning.training.corpora import SEEDS, Asked, Corpus, is_held_back
from pipeline.stages.relevance_check import CANDIDATES, candidate_features, passage_text

PRIOR = Logistic(
    {"base": 0.5, "pair": 0.5, "pair_lead": 0.1, "score_lead": 0.0, "question_cosine": 0.0}, -0.5
)
"""Where the calibration starts from: both halves count, in log-odds."""
_FOUND = 8  # hits that a turn works with


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry found for a message: what the stack weighs, whether it answers, and the `group` (knowledge
    base and message) that it stands in, with the rank at which the retriever had it."""

    group: str
    rank: int
    right: bool
    features: Mapping[str, float]


def judged_candidates(
    corpus: Corpus, encoder: TextEncoder, judge: PairScorer, seed: int, held_back: float
) -> Iterator[Candidate]:
    """The candidates of every message about held-back entries, of real messages and of held-back messages
    that nothing answers, found in the whole knowledge base as a release finds them."""
    snapshot = LocalSnapshot.of(list(corpus.entries.values()), encoder.encode)
    background = read_background(SEEDS)
    snapshot = snapshot.calibrated(calibrate(snapshot, background, encoder.encode(background)))
    for asked in _messages(corpus, seed, held_back):
        vector = encoder.encode([asked.message])[0]
        hits = snapshot.search(asked.message, vector, _FOUND)
        pairs = [(asked.message, passage_text(hit)) for hit in hits[:CANDIDATES]]
        logits = judge.score(pairs)[:, 0].tolist()
        features = candidate_features(hits, snapshot.calibration, vector, logits)
        group = f"{corpus.name} {asked.message}"
        for rank, (hit, row) in enumerate(zip(hits, features, strict=False)):
            yield Candidate(group, rank, hit.entry.id in asked.entry_ids, row)


def _messages(corpus: Corpus, seed: int, share: float) -> Iterator[Asked]:
    def held(entry_id: str) -> bool:
        return is_held_back(entry_id, seed, share)

    yield from (each for each in corpus.asked if any(map(held, each.entry_ids)))
    yield from corpus.probes
    yield from (Asked(text, ()) for text, near in corpus.unanswerable if not near or held(near))


def stacked(candidates: Sequence[Candidate]) -> tuple[Logistic, dict[str, float]]:
    """The model fitted on all candidates, each knowledge base counting the same, and figures of models fitted
    on one half of the messages and measured on the other: AUROC of pairs, calibration error, how often the
    most probable candidate is right, before and after, and AUROC of its probability between messages that
    can be answered and others."""
    chances = np.zeros(len(candidates))
    halves = np.array([_half(candidate.group) for candidate in candidates])
    for half in (0, 1):
        model = _fitted([c for c, mine in zip(candidates, halves, strict=True) if mine != half])
        for row in np.flatnonzero(halves == half).tolist():
            chances[row] = model.probability(candidates[row].features)
    right = np.array([candidate.right for candidate in candidates])
    figures = {
        "auroc": float(auroc(chances, right)),
        "calibration_error": float(calibration_error(chances, right)),
        "auroc.pair": float(auroc([candidate.features["pair"] for candidate in candidates], right)),
        "auroc.base": float(auroc([candidate.features["base"] for candidate in candidates], right)),
    }
    return _fitted(candidates), figures | _by_message(candidates, chances)


def _fitted(candidates: Sequence[Candidate]) -> Logistic:
    right = [candidate.features for candidate in candidates if candidate.right]
    wrong = [candidate.features for candidate in candidates if not candidate.right]
    return fit_logistic(PRIOR, right, wrong, odds=len(right) / max(1, len(wrong)), weight_sd=2.0, bias_sd=3.0)


def _by_message(candidates: Sequence[Candidate], chances: NDArray[np.float64]) -> dict[str, float]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row, candidate in enumerate(candidates):
        groups[candidate.group].append(row)
    best = {group: max(rows, key=lambda row: float(chances[row])) for group, rows in groups.items()}
    able = {group for group, rows in groups.items() if any(candidates[row].right for row in rows)}
    first = {group: min(rows, key=lambda row: candidates[row].rank) for group, rows in groups.items()}
    return {
        "right_first": float(np.mean([candidates[best[group]].right for group in able])),
        "right_first.retriever": float(np.mean([candidates[first[group]].right for group in able])),
        "auroc.answerable": float(
            auroc([chances[best[group]] for group in groups], [group in able for group in groups])
        ),
    }


def set_id(groups: Iterable[str]) -> str:
    """Changes with the messages that are measured on."""
    content = json.dumps(sorted({*groups}))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _half(group: str) -> int:
    return hashlib.sha256(group.encode()).digest()[0] % 2
