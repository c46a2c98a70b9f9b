"""The grounding trainer from its configuration to a card, on a tiny random base: a few real steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.model_card import ModelCard, read_card
from knowledge.pair_scorer import PairScorer
from learning.training.config import TrainingFailed
from learning.training.grounding import train
from learning.training.grounding_stack import PRIOR
from tests.tiny_bert import write_tiny_bert

CONFIG = """
base: {base}
findings: 220
pairs: 10
learning_rate: 2.0e-3
max_tokens: 96
held_back: 0.35
save_steps: 5
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model and a configuration."""
    work = tmp_path_factory.mktemp("grounding")
    base = work / "base"
    write_tiny_bert(base)
    (work / "grounding.yaml").write_text(CONFIG.format(base=base), encoding="utf-8")
    return work


@pytest.fixture(scope="module")
def made(work: Path) -> tuple[ModelCard, list[float]]:
    told: list[float] = []
    card = train(
        work / "grounding.yaml",
        work / "no data",
        work / "model",
        resume=False,
        show=lambda share, doing: told.append(share),
    )
    return card, told


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_model_with_figures_calibration_and_data(made: tuple[ModelCard, list[float]], work: Path) -> None:
    card, told = made
    assert card == read_card(work / "model")
    assert {entry.name for entry in card.data} >= {"finding", "refuted"}
    assert card.figures["export_correlation"] >= 0.99
    assert 0 <= card.figures["check.calibration_error"] <= 1
    assert card.selection.figure in card.figures
    assert card.calibration is not None and card.calibration.weights.keys() == PRIOR.weights.keys()
    assert told == sorted(told)
    scorer = PairScorer.load(work / "model", threads=1)
    assert scorer.score([("Tea lowers stress.", "Tea reduces stress.")]).shape == (1, 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nothing_is_left_to_resume_after_the_end(made: tuple[ModelCard, list[float]], work: Path) -> None:
    assert not [*work.glob("*.checkpoint")]


def test_nothing_to_train_on(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learning.training.grounding.all_claims", lambda *_: [])
    with pytest.raises(TrainingFailed, match="too little"):
        train(work / "grounding.yaml", tmp_path, tmp_path / "m", resume=False, show=lambda *_: None)
