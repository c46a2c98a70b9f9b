"""A retriever for one knowledge base: the one that is served, trained on with what was made up from its
entries and what people said about them, and kept only where it is better there and no worse elsewhere."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge.encoders.model_card import CARD, CardUnusable, ModelCard, Selection, TrainingData, read_card
from knowledge.encoders.model_store import open_model
from knowledge.progress import Show
from knowledge.twins import question_key
from knowledge.types import Entry, FloatArray
from learning.evaluation.statistics.bootstrap import Bootstrap
from learning.training.cards import set_id, write_card
from learning.training.config import RetrieverConfig, TrainingFailed
from learning.training.corpora import Asked, Corpus, is_held_back, read_corpora
from learning.training.export import export_true
from learning.training.retrieval.batches import Example, Lessons, planned
from learning.training.retrieval.contrastive import fit
from learning.training.retrieval.retrieval_figures import Encode, Trial, confusions, measured_on, ranks
from learning.training.retrieval.retriever import blend, encoder
from learning.training.retrieval.shipped_weights import exported_encoder, load_shipped

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

OWN = "own"
MAY_COST = 0.01
"""How much less often the right entry may come first on other knowledge bases."""
_MEASURED_ON_TOLD = 0.1  # of the messages that could be learned from, where no real ones were given
_ELSEWHERE = 6  # knowledge bases of practice that are measured on, and so not trained on


@dataclass(frozen=True, slots=True)
class Experience:
    """What there is to learn from: the entries, messages made up about them, `worded` ones of people (their
    entries' alternates, what users confirmed and what they chose), and `real` messages, which are only
    measured on."""

    entries: Sequence[Entry]
    made: Sequence[Asked]
    worded: Sequence[Asked] = ()
    real: Sequence[Asked] = ()


@dataclass(frozen=True, slots=True)
class _Served:
    """The retriever that is served: the folder of the part that is trained on, empty where it is in one
    piece; and the shares of all parts in a cosine."""

    folder: Path
    part: str
    shares: Mapping[str, float]

    @classmethod
    def of(cls, folder: Path) -> _Served:
        """Raises `TrainingFailed` where `folder` holds no retriever that was trained here."""
        try:
            shares = {
                str(part): float(share) for part, share in read_card(folder).weights.get("parts", {}).items()
            }
        except CardUnusable as error:
            raise TrainingFailed(f"only a retriever with a card can be trained on: {error}") from error
        return cls(folder, next(iter(shares), ""), shares or {"": 1.0})

    def encode(self, model: SentenceTransformer) -> Encode:
        """Texts to unit rows, with `model` in the place of its part."""
        parts = [
            (encoder(model) if part == self.part else exported_encoder(self.folder / part), share)
            for part, share in self.shares.items()
        ]

        def joined(texts: Sequence[str]) -> FloatArray:
            rows: FloatArray = np.concatenate(
                [encode(texts) * np.float32(share**0.5) for encode, share in parts], axis=1
            )
            return rows

        return joined

    def export(self, model: SentenceTransformer, name: str, out: Path) -> float:
        """Fills the new folder `out` with the retriever, `model` in the place of its part; gives the cosine
        of the export. It stays on this machine, so it may be larger than what ships."""
        shutil.rmtree(out, ignore_errors=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        if self.part:
            shutil.copytree(self.folder, out, ignore=shutil.ignore_patterns(CARD))
        with tempfile.TemporaryDirectory(prefix="candor-matcher-") as saved:
            model.save(saved, create_model_card=False)
            return export_true(Path(saved), self.part or name, out / self.part).mean_cosine


def train_matcher(config: RetrieverConfig, base: Path, own: Experience, out: Path, show: Show) -> ModelCard:
    """Fills the new folder `out` with the retriever in `base`, trained on, and its card, which `check_worth`
    reads. Raises `TrainingFailed`."""
    served, fingerprint = _Served.of(base), open_model(str(base), base).fingerprint
    learned, trial = _parted(own, config.seed)
    kept, elsewhere = _practice(config)
    home = Corpus(OWN, "own", trial.corpus.entries, learned)
    show(0.0, "loading the retriever that is served")
    model = load_shipped(base / served.part)
    show(0.02, "measuring it")
    was = _measured(trial, elsewhere, served.encode(model))
    show(0.1, "mining confusable entries")
    batches = planned([_lessons(each, config, encoder(model)) for each in (home, *kept)], config)
    if not batches:
        raise TrainingFailed(f"there are too few messages to fill one batch of {config.batch}")
    _train_on(model, batches, config, lambda share, what: show(0.15 + 0.7 * share, what))
    show(0.86, "measuring what it has become")
    now = _measured(trial, elsewhere, served.encode(model))
    show(0.96, "exporting it")
    cosine = served.export(model, config.name, out)
    card = ModelCard(
        name=config.name,
        task="retriever",
        base=read_card(base).name,
        base_licence=read_card(base).base_licence,
        created=date.today(),
        data=tuple(TrainingData(each.name, each.licence, len(each.asked)) for each in (home, *kept)),
        config=asdict(config) | {"own_messages": "real" if own.real else "made up"},
        figures=_figures(was, now, trial) | {"export_cosine": cosine},
        selection=Selection("own.right_first", set_id(measured_on([trial, *elsewhere]))),
        weights={"trained_from": fingerprint} | ({"parts": served.shares} if served.part else {}),
    )
    return write_card(out, card)


def check_worth(card: ModelCard) -> None:
    """Raises `TrainingFailed` unless the retriever is better on its own knowledge base and costs the others
    no more than `MAY_COST`."""
    lift, cost = card.figures["own.lift"], card.figures["elsewhere.cost"]
    if lift <= 0:
        raise TrainingFailed(f"it finds the right entry no more often ({lift:+.3f}): the served one stays")
    if cost > MAY_COST:
        raise TrainingFailed(f"it costs other knowledge bases {cost:.3f}: the served one stays")


def _parted(own: Experience, seed: int) -> tuple[tuple[Asked, ...], Trial]:
    """What is learned from, and what is measured on."""
    told = tuple({question_key(each.message): each for each in (*own.made, *own.worded)}.values())
    aside = () if own.real else tuple(e for e in told if is_held_back(e.message, seed, _MEASURED_ON_TOLD))
    asked = tuple(own.real) or aside
    if not asked:
        raise TrainingFailed("there is nothing to measure on")
    left = {question_key(each.message) for each in asked}
    learned = tuple(each for each in told if question_key(each.message) not in left)
    corpus = Corpus(OWN, "own", {entry.id: entry for entry in own.entries}, learned)
    return learned, Trial(corpus, asked, (), ())


def _practice(config: RetrieverConfig) -> tuple[list[Corpus], list[Trial]]:
    """Knowledge bases of practice to train on, and others to measure on."""
    found = [corpus for name in config.data if name != OWN for corpus in read_corpora(name, Path())]
    ordered = sorted(found, key=lambda each: not is_held_back(each.name, config.seed, config.held_back))
    elsewhere, kept = ordered[:_ELSEWHERE], ordered[_ELSEWHERE:]
    return kept, [Trial(each, each.asked, (), ()) for each in elsewhere]


def _train_on(
    model: SentenceTransformer, batches: Sequence[Sequence[Example]], config: RetrieverConfig, show: Show
) -> None:
    """Trains in place, and averages with what the model was before."""
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with tempfile.TemporaryDirectory(prefix="candor-matcher-") as checkpoints:
        fit(model, batches, config, Path(checkpoints), show)
    blend(model, before, config.blend)


def _lessons(corpus: Corpus, config: RetrieverConfig, encode: Encode) -> Lessons:
    share = config.data[corpus.name.partition("/")[0]]
    confused, same = confusions(corpus, corpus.asked, encode) if config.hard else ({}, {})
    return Lessons(corpus, corpus.asked, confused, same, share)


def _measured(home: Trial, elsewhere: Sequence[Trial], encode: Encode) -> list[FloatArray]:
    """For each trial, whether the right entry came first, by message; the own knowledge base first."""
    return [(ranks(trial, encode) == 0).astype(np.float32) for trial in (home, *elsewhere)]


def _figures(was: Sequence[FloatArray], now: Sequence[FloatArray], home: Trial) -> dict[str, float]:
    """`own.lift` is paired, its interval over entries; `elsewhere` are means over knowledge bases."""
    gained = (now[0] - was[0]).astype(np.float64)
    units = [each.entry_ids[0] for each in home.asked]
    lift = Bootstrap(units).estimate(lambda weights: (weights @ gained) / weights.sum(axis=-1))
    before, after = (
        float(np.mean([row.mean() for row in rows[1:] or [np.zeros(1, dtype=np.float32)]]))
        for rows in (was, now)
    )
    figures = {
        "own.base_right_first": float(was[0].mean()),
        "own.right_first": float(now[0].mean()),
        "own.lift": float(gained.mean()),
        "own.lift_low": lift.low if lift else 0.0,
        "own.lift_high": lift.high if lift else 0.0,
        "elsewhere.base_right_first": before,
        "elsewhere.right_first": after,
        "elsewhere.cost": before - after,
    }
    return {name: round(value, 4) for name, value in figures.items()}
