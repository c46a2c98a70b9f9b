"""The retriever: the base encoder, trained to bring what people ask beside the entry that answers it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.encoders.model_card import ModelCard, Selection, TrainingData
from knowledge.encoders.model_store import find_source
from knowledge.extras import install
from knowledge.progress import Show
from knowledge.types import FloatArray
from learning.training.cards import set_id, write_card
from learning.training.config import RetrieverConfig, TrainingFailed, read_config
from learning.training.corpora import Corpus, is_held_back, read_corpora
from learning.training.export import export_retriever
from learning.training.retrieval.batches import Lessons, planned
from learning.training.retrieval.contrastive import fit
from learning.training.retrieval.retrieval_figures import (
    Trial,
    confusions,
    figures,
    held_back_trial,
    measured_on,
)
from learning.training.retrieval.shipped_weights import load_shipped

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer


def train(config: Path, data: Path, out: Path, *, resume: bool, show: Show) -> ModelCard:
    """Trains as the file `config` says on the sets below `data`; fills the new folder `out` with the exported
    model and its card. What is needed to resume lies beside `out`. Raises `TrainingFailed`."""
    settings = read_config(config, RetrieverConfig)
    _prepare(settings.threads)
    corpora = {name: read_corpora(name, data) for name in settings.data}
    run = _Run(settings, corpora, out.parent, show)
    run.begin(resume)
    measured = run.measured_model()
    chosen = run.final_model() if settings.final and settings.held_back else measured
    show(0.95, "exporting the model")
    cosine = export_retriever(chosen, settings.name, out)
    card = ModelCard(
        name=settings.name,
        task="retriever",
        base=settings.base,
        base_licence=settings.base_licence,
        created=date.today(),
        data=tuple(
            TrainingData(corpus.name, corpus.licence, len(corpus.asked))
            for group in corpora.values()
            for corpus in group
        ),
        config=asdict(settings),
        figures=run.figures() | {"export_cosine": cosine},
        selection=Selection("right_first", set_id(measured_on(run.trials))),
    )
    return write_card(out, card)


def _prepare(threads: int) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    try:
        import accelerate  # noqa: F401
        import datasets
        import torch
    except ModuleNotFoundError as error:
        raise TrainingFailed(f"{error.name} is missing: {install('train')}") from error
    from transformers.utils import logging as transformers_logging

    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(mode=True)


@dataclass(frozen=True, slots=True)
class _Run:
    """One training, held-back model first, in the folder `work`, where it can be taken up again."""

    config: RetrieverConfig
    corpora: Mapping[str, Sequence[Corpus]]
    work: Path
    show: Show

    def begin(self, resume: bool) -> None:
        """Raises `TrainingFailed` where an interrupted run was configured otherwise."""
        note, mine = self.work / "config.json", json.dumps(asdict(self.config), indent=2)
        if not resume:
            shutil.rmtree(self.work, ignore_errors=True)
        elif note.exists() and note.read_text("utf-8") != mine:
            raise TrainingFailed(f"the run in {self.work} was configured otherwise: start without --resume")
        self.work.mkdir(parents=True, exist_ok=True)
        note.write_text(mine, encoding="utf-8")

    @property
    def trials(self) -> list[Trial]:
        seed, share = self.config.seed, self.config.held_back
        measured = [corpus for name in self.config.measured for corpus in self.corpora.get(name, ())]
        trials = [held_back_trial(corpus, seed, share) for corpus in measured]
        return [trial for trial in trials if trial.asked]

    def figures(self) -> dict[str, float]:
        found: dict[str, float] = json.loads((self.work / "figures.json").read_text("utf-8"))
        return found

    def measured_model(self) -> Path:
        """Trained without the held-back entries, and measured on them."""
        folder, note = self.work / "measured", self.work / "figures.json"
        if not note.exists():
            model = load(self.config)
            self.show(0.01, "measuring the base model")
            found = {f"base.{name}": value for name, value in figures(self.trials, encoder(model)).items()}
            end = 0.45 if self.config.final else 0.9
            self._fit(model, "measured", (0.02, end))
            self.show(end, "measuring on held-back entries")
            found |= figures(self.trials, encoder(model))
            model.save(str(folder), create_model_card=False)
            note.write_text(json.dumps(found, indent=2), encoding="utf-8")
        return folder

    def final_model(self) -> Path:
        """Trained on all entries, as long as the measured one."""
        folder = self.work / "final"
        if not (folder / "modules.json").exists():
            model = load(self.config)
            self._fit(model, "final", (0.5, 0.95))
            model.save(str(folder), create_model_card=False)
        return folder

    def _fit(self, model: SentenceTransformer, name: str, part: tuple[float, float]) -> None:
        """All rounds, and the averages with the base model and with another trained from it."""
        base = {key: value.clone() for key, value in model.state_dict().items()}
        named = self.config.averaged_with  # read first: an hour later is too late to find that it is missing
        other = load_shipped(Path(named)).state_dict() if named else base
        rounds = self.config.rounds
        begin, length = part[0], (part[1] - part[0]) / rounds
        for number in range(rounds):
            folder = f"checkpoints-{name}" + (f"-{number + 1}" if number else "")
            self._round(model, name, folder, begin + number * length, length)
        blend(model, base, self.config.blend)
        blend(model, other, 0.5 if named else 0.0)

    def _round(self, model: SentenceTransformer, name: str, folder: str, begin: float, length: float) -> None:
        self.show(begin, "mining confusable entries")
        lessons = [
            lesson(corpus, self.config, name == "final", source in self.config.measured, share, model)
            for source, share in self.config.data.items()
            for corpus in self.corpora[source]
        ]

        def tell(share: float, doing: str) -> None:
            self.show(begin + share * length, f"{doing} ({name})")

        fit(model, planned(lessons, self.config), self.config, self.work / folder, tell)


def load(config: RetrieverConfig) -> SentenceTransformer:
    """The base model, in single precision."""
    from sentence_transformers import SentenceTransformer
    from transformers import set_seed

    set_seed(config.seed)
    folder = find_source(config.base, Path())
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def blend(model: SentenceTransformer, base: Mapping[str, torch.Tensor], share: float) -> None:
    """Averages the model's weights with `base` (Wortsman et al. 2022): `share` 1 is the base."""
    trained = model.state_dict()
    model.load_state_dict({key: value.lerp(base[key], share) for key, value in trained.items()})


def encoder(model: SentenceTransformer) -> Callable[[Sequence[str]], FloatArray]:
    """The model as it is at each call: texts to unit rows."""

    def encode(texts: Sequence[str]) -> FloatArray:
        from knowledge.encoders.torch_encoder import encode_original

        return encode_original(model, texts)

    return encode


def lesson(
    corpus: Corpus,
    config: RetrieverConfig,
    whole: bool,
    measured: bool,
    share: float,
    model: SentenceTransformer,
) -> Lessons:
    """What of a corpus is trained on: all, or all but the held-back entries of a measured one."""

    def kept(entry_ids: Sequence[str]) -> bool:
        return not any(is_held_back(key, config.seed, config.held_back) for key in entry_ids)

    asked = tuple(each for each in corpus.asked if whole or not measured or kept(each.entry_ids))
    confused, same = confusions(corpus, asked, encoder(model)) if config.hard else ({}, {})
    return Lessons(corpus, asked, confused, same, share)
