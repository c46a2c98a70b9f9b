"""The line of the relevance judge, fitted on messages that do and do not have an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.encoders.types import TextEncoder
from knowledge.types import Entry
from learning.training.cards import set_id
from learning.training.config import TrainingFailed
from learning.training.corpora import Asked, Corpus
from learning.training.judging import relevance, relevance_prior
from tests.fakes import HashEncoder

SUBJECTS = ("loans", "fines", "films", "maps", "scores", "rooms", "printers", "lockers", "tours", "courses")


def library() -> Corpus:
    entries = {name: Entry(name, f"How do {name} work?", f"About {name} we say this.") for name in SUBJECTS}
    return Corpus(
        "library",
        "Apache-2.0",
        entries,
        asked=tuple(Asked(f"how do {name} work please", (name,)) for name in SUBJECTS),
        unanswerable=(("which dish tastes best today", ""), ("loans on the moon", "loans")),
    )


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def encoder(*_: object) -> TextEncoder:
        return HashEncoder()

    def corpora(name: str, _data: Path) -> list[Corpus]:
        return [library()] if name == "library" else []

    monkeypatch.setattr(relevance, "load_encoder", encoder)
    monkeypatch.setattr(relevance, "read_corpora", corpora)
    file = tmp_path / "relevance.yaml"
    file.write_text("{measured: [library], held_back: 1.0}")
    return file


def unheard(_share: float, _doing: str) -> None: ...


def test_it_learns_that_a_near_entry_answers_and_says_on_what(config: Path, tmp_path: Path) -> None:
    card = relevance.train(config, tmp_path, tmp_path / "out", resume=False, show=unheard)

    assert card.weights["prior"]["weights"]["score"] > 0
    assert card.figures["right_first"] == 1.0
    assert card.figures["auroc.answerable"] > 0.9
    assert [(each.name, each.rows) for each in card.data] == [("library", 21)]
    assert card.selection.figure == "auroc"


def test_a_message_is_asked_again_without_what_answers_it_and_near_misses_are_not() -> None:
    messages = [*relevance_prior.reached(library(), HashEncoder(), seed=1, held_back=1.0)]

    assert [each.answerable for each in messages].count(True) == len(SUBJECTS)
    assert not any(any(each.right) for each in messages if not each.answerable)
    assert not any("moon" in each.group for each in messages)


def test_nothing_to_measure_with_is_told(config: Path, tmp_path: Path) -> None:
    config.write_text("measured: [elsewhere]")
    with pytest.raises(TrainingFailed, match="no message"):
        relevance.train(config, tmp_path, tmp_path / "out", resume=False, show=unheard)


def test_a_set_is_named_by_what_is_in_it() -> None:
    assert set_id(["a", "b"]) == set_id(["a", "b"]) != set_id(["a", "c"])
