"""How much less probable an answer is where the entry lacks words of the message, learned across knowledge
bases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.encoders.model_card import ModelCard, Selection, TrainingData, read_card
from knowledge.encoders.types import DEFAULT_ENCODER, TextEncoder, load_encoder
from knowledge.progress import Show
from knowledge.releases.calibration import RelevancePrior, calibrate, gate_prior, read_background
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.shipped_seeds import SHIPPED_SEEDS
from knowledge.types import FloatArray, Hit
from learning.evaluation.statistics.statistics import auroc
from learning.training.cards import set_id, write_card
from learning.training.config import Share, TrainingFailed, read_config
from learning.training.corpora import Corpus, is_held_back, read_corpora
from learning.training.retrieval.shipped_weights import shipped_encoder
from pipeline.stages.relevance.unsupported_terms import FEATURES, MissingTerms, TermUse, Unsupported

_ODDS = 4.0  # how often a message has an answer, against how often it has none
_ASKED = 3.0  # a message that really has none, against one whose entry was hidden
_RIDGE = 1e-3  # of the number of examples, on weights of standardised features
_FOUND = 8  # hits that a turn works with
_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class MissingConfig:
    """What the judge is trained with. `held_back` is the share of the entries that, with the same seed, the
    retriever has not seen. `leniency` is by how many log-odds the doubt is less than it was fitted: right
    answers weigh more than the costs of the fit say. An empty `encoder` is the one that ships."""

    corpora: tuple[str, ...]
    encoder: str = ""
    base: str = DEFAULT_ENCODER
    base_licence: str = "Apache-2.0"
    name: str = "candor-missing"
    seed: int = 1
    held_back: Share = 0.1
    leniency: float = 0.4
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Example:
    """A message as a release judges it: the log-odds that its best hit answers, and the features of the words
    that this one lacks. `hidden`: what answers it was taken out."""

    corpus: str
    message: str
    answerable: bool
    hidden: bool
    log_odds: float
    features: Mapping[str, float]


def train(config: Path, data: Path, out: Path, *, resume: bool, show: Show) -> ModelCard:
    """Fits as the file `config` says on the sets below `data`; fills the new folder `out` with the card.
    There is nothing to `resume`. Raises `TrainingFailed`."""
    settings = read_config(config, MissingConfig)
    encoder = load_encoder(settings.encoder or shipped_encoder(), out.parent, settings.threads)
    corpora = [corpus for name in settings.corpora for corpus in read_corpora(name, data)]
    read: list[Example] = []
    for number, corpus in enumerate(corpora, 1):
        read += examples(corpus, encoder, settings.seed, settings.held_back)
        show(number / len(corpora), f"asking {corpus.name}")
    if len({each.answerable for each in read}) < len((True, False)):
        raise TrainingFailed("there are messages of one kind only")
    counts = Counter(each.corpus for each in read)
    model = fitted(read, settings.leniency)
    card = ModelCard(
        name=settings.name,
        task="missing",
        base=settings.base,
        base_licence=settings.base_licence,
        created=date.today(),
        data=tuple(TrainingData(corpus.name, corpus.licence, counts[corpus.name]) for corpus in corpora),
        config=asdict(settings),
        figures=figures(read, settings.leniency),
        selection=Selection("auroc", set_id(sorted({f"{each.corpus} {each.message}" for each in read}))),
        weights={
            "weights": {name: round(weight, 3) for name, weight in model.weights.items()},
            "bias": round(model.bias, 3),
            "encoder": encoder.fingerprint,
        },
    )
    return write_card(out, card)


def examples(corpus: Corpus, encoder: TextEncoder, seed: int, held_back: float) -> Iterator[Example]:
    """Every message about entries held back and every real one, asked of the whole knowledge base; the same
    messages with all that answers them taken out; and those that nothing answers, but for near misses that
    were written to be mistaken."""
    known = _Judged(corpus, encoder)
    held = [row for row in corpus.asked if any(is_held_back(key, seed, held_back) for key in row.entry_ids)]
    for asked in (*held, *corpus.probes):
        kin = {*asked.entry_ids}.union(*(corpus.related.get(key, ()) for key in asked.entry_ids))
        yield from known.examples(asked.message, answerable=True)
        yield from known.examples(asked.message, answerable=False, hidden=frozenset(kin))
    for message, near in corpus.unanswerable:
        if not near:
            yield from known.examples(message, answerable=False)


class _Judged:
    """A corpus as a release with the shipped judges, whose entries can be hidden."""

    def __init__(self, corpus: Corpus, encoder: TextEncoder) -> None:
        self._name, self._encoder, self._entries = corpus.name, encoder, corpus.entries
        self._uses: dict[frozenset[str], TermUse] = {}
        snapshot = LocalSnapshot.of(list(corpus.entries.values()), encoder.encode)
        cards = {task: read_card(SHIPPED_SEEDS / "models" / task).weights for task in ("gate", "relevance")}
        background = read_background(SHIPPED_SEEDS)
        priors = gate_prior(cards["gate"]), RelevancePrior.of(cards["relevance"])
        vectors = encoder.encode(background)
        self._snapshot = snapshot.calibrated(calibrate(snapshot, background, vectors, *priors))

    def examples(
        self, message: str, *, answerable: bool, hidden: frozenset[str] = frozenset()
    ) -> Iterator[Example]:
        vector = self._encoder.encode([message])[0]
        hits = self._snapshot.search(message, vector, _FOUND + len(hidden))
        hits = [hit for hit in hits if hit.entry.id not in hidden][:_FOUND]
        if hits:
            found = self._features(message, vector, hits[0], self._use(hidden))
            yield Example(self._name, message, answerable, bool(hidden), self._log_odds(hits, vector), found)

    def _use(self, hidden: frozenset[str]) -> TermUse:
        if hidden not in self._uses:
            left = (entry for key, entry in self._entries.items() if key not in hidden)
            self._uses[hidden] = TermUse.of(left)
        return self._uses[hidden]

    def _log_odds(self, hits: Sequence[Hit], vector: FloatArray) -> float:
        calibration = self._snapshot.calibration
        features = calibration.features([hit.score for hit in hits], vector)
        model = calibration.relevance
        return model.bias + sum(weight * features[name] for name, weight in model.weights.items())

    def _features(self, message: str, vector: FloatArray, hit: Hit, use: TermUse) -> dict[str, float]:
        lacking = Unsupported.of(message, hit, use)
        if not lacking.words:
            return dict.fromkeys(FEATURES, 0.0)
        read = self._encoder.encode(lacking.readings())
        nearness = self._snapshot.nearness(hit.entry.id, np.vstack([vector[None], read]))
        return lacking.features(vector, read, nearness)


def fitted(read: Sequence[Example], leniency: float) -> MissingTerms:
    """The doubt that makes the messages likeliest, each corpus with a line of its own: how its scores are
    calibrated is another judge's matter."""
    rows = np.array([[each.features[name] for name in FEATURES] for each in read])
    spread = rows.std(axis=0) + 1e-9
    names = sorted({each.corpus for each in read})
    lines = np.array([[float(each.corpus == name) for name in names] for each in read])
    found = _newton(np.hstack([rows / spread, lines]), read, len(FEATURES))
    return MissingTerms(
        dict(zip(FEATURES, map(float, -found[: len(FEATURES)] / spread), strict=True)), -leniency
    )


def _newton(rows: NDArray[np.float64], read: Sequence[Example], penalised: int) -> NDArray[np.float64]:
    """Ridge-penalised logistic regression beside the examples' own log-odds."""
    given = np.array([each.log_odds for each in read])
    labels = np.array([float(each.answerable) for each in read])
    shares = _shares(read)
    ridge = np.full(rows.shape[1], 1e-6)
    ridge[:penalised] = 2 * _RIDGE * len(read)
    model = np.zeros(rows.shape[1])
    for _ in range(_ROUNDS):
        chances = 1 / (1 + np.exp(-np.clip(given + rows @ model, -60, 60)))
        slope = rows.T @ (shares * (labels - chances)) - ridge * model
        curve = (rows * (shares * chances * (1 - chances))[:, None]).T @ rows + np.diag(ridge)
        model = model + np.linalg.solve(curve, slope)
    return model


def _shares(read: Sequence[Example]) -> NDArray[np.float64]:
    """Every corpus weighs the same, and in it messages with an answer as many times as those without as they
    are more frequent."""
    plain = [1.0 if each.answerable or each.hidden else _ASKED for each in read]
    totals: defaultdict[tuple[str, bool], float] = defaultdict(float)
    for each, weight in zip(read, plain, strict=True):
        totals[each.corpus, each.answerable] += weight
    weights = [
        weight / totals[each.corpus, each.answerable] * (_ODDS if each.answerable else 1.0)
        for each, weight in zip(read, plain, strict=True)
    ]
    return np.array(weights) * (len(read) / sum(weights))


def figures(read: Sequence[Example], leniency: float) -> dict[str, float]:
    """AUROC of messages with an answer against those that really have none, of each corpus by a model fitted
    on the others: with the doubt, and without it."""
    found = {}
    for name in sorted({each.corpus for each in read}):
        asked = [each for each in read if each.corpus == name and not each.hidden]
        able = [each.answerable for each in asked]
        if all(able):
            continue
        model = fitted([each for each in read if each.corpus != name], leniency)
        found[f"auroc.{name}"] = float(
            auroc([each.log_odds - model.doubt(each.features) for each in asked], able)
        )
        found[f"auroc.without.{name}"] = float(auroc([each.log_odds for each in asked], able))
    means = {
        kind: float(
            np.mean([value for key, value in found.items() if ("without" in key) == (kind != "auroc")])
        )
        for kind in ("auroc", "auroc.without")
    }
    return means | found
