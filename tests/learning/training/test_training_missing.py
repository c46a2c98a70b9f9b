"""The doubt about what an entry lacks, fitted on messages with and without an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.encoders.types import TextEncoder
from knowledge.types import Entry
from learning.training.config import TrainingFailed
from learning.training.corpora import Asked, Corpus, read_corpora
from learning.training.judging import missing
from pipeline.stages.relevance.unsupported_terms import MissingTerms
from tests.fakes import HashEncoder

SUBJECTS = ("loans", "fines", "films", "maps", "scores", "rooms", "printers", "lockers", "tours", "courses")


def library(name: str) -> Corpus:
    entries = {each: Entry(each, f"How do {each} work?", f"About {each} we say this.") for each in SUBJECTS}
    return Corpus(
        name,
        "Apache-2.0",
        entries,
        asked=(),
        probes=tuple(Asked(f"how do {each} work", (each,)) for each in SUBJECTS),
        unanswerable=(
            *((f"how do {each} work", "") for each in ("sledges", "canteens", "hamsters")),
            ("loans on the moon", "loans"),
        ),
    )


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def encoder(*_: object) -> TextEncoder:
        return HashEncoder()

    def corpora(name: str, _data: Path) -> list[Corpus]:
        return [library("one"), library("two")] if name == "library" else []

    monkeypatch.setattr(missing, "load_encoder", encoder)
    monkeypatch.setattr(missing, "read_corpora", corpora)
    file = tmp_path / "missing.yaml"
    file.write_text("{corpora: [library], leniency: 0.0}")
    return file


def unheard(_share: float, _doing: str) -> None: ...


def test_it_learns_to_doubt_what_the_entry_lacks(config: Path, tmp_path: Path) -> None:
    card = missing.train(config, tmp_path, tmp_path / "out", resume=False, show=unheard)

    model = MissingTerms.of(card.weights)
    lacking = [each for each in missing.examples(library("x"), HashEncoder(), 1, 0.1) if not each.answerable]
    assert all(model.doubt(each.features) > 0 for each in lacking)
    assert card.figures["auroc"] == 1.0
    assert {"auroc.one", "auroc.without.two"} <= card.figures.keys()
    assert card.selection.figure == "auroc"


def test_each_message_is_asked_with_its_entry_and_without_and_near_misses_are_not() -> None:
    read = [*missing.examples(library("x"), HashEncoder(), seed=1, held_back=0.1)]
    assert sum(each.answerable for each in read) == len(SUBJECTS)
    assert sum(each.hidden for each in read) == len(SUBJECTS)
    assert not any("moon" in each.message for each in read)


def test_messages_of_one_kind_teach_nothing(config: Path, tmp_path: Path) -> None:
    config.write_text("corpora: [elsewhere]")
    with pytest.raises(TrainingFailed, match="one kind"):
        missing.train(config, tmp_path, tmp_path / "out", resume=False, show=unheard)


def test_the_practical_suites_are_corpora_of_messages_that_make_sense_alone(tmp_path: Path) -> None:
    names = {corpus.name for corpus in read_corpora("practical", tmp_path)}
    assert {"practical/gym", "practical/licences"} <= names
    assert not any("shop" in name for name in names), "what is held back is not learned from"
