"""Cards on disk, and which model may take whose place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge.encoders.model_card import CardUnusable, ModelCard, Selection, TrainingData, read_card
from knowledge.types import Logistic
from learning.training.cards import publish, write_card
from learning.training.config import TrainingFailed
from learning.training.export import LARGEST, check_size

CARD = ModelCard(
    name="a-model",
    task="relevance",
    base="all-MiniLM-L6-v2",
    base_licence="Apache-2.0",
    created=date(2026, 11, 22),
    data=(TrainingData("seeds", "Apache-2.0", 12),),
    config={"seed": 1},
    figures={"auroc": 0.8},
    selection=Selection("auroc", "0123"),
    calibration=Logistic({"pair": 2.0}, -1.0),
    max_tokens=128,
)


def made(folder: Path, auroc: float, held_back: str = "0123", model: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model)
    figures, selection = {"auroc": auroc}, Selection("auroc", held_back)
    write_card(folder, replace(CARD, figures=figures, selection=selection))
    return folder


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")

    written = write_card(tmp_path, CARD)

    assert read_card(tmp_path) == written
    assert replace(written, files={}) == CARD
    assert set(written.files) == {"model.onnx"}


@pytest.mark.parametrize("damage", ["altered", "missing", "card", "no card"])
def test_a_damaged_model_is_refused(tmp_path: Path, damage: str) -> None:
    folder = made(tmp_path / "model", 0.8)
    match damage:
        case "altered":
            (folder / "model.onnx").write_bytes(b"wEights")
        case "missing":
            (folder / "model.onnx").unlink()
        case "card":
            (folder / "card.json").write_text("{}")
        case _:
            (folder / "card.json").unlink()

    with pytest.raises(CardUnusable, match=r"card\.json" if "card" in damage else r"model\.onnx"):
        read_card(folder)


def test_a_model_that_is_no_worse_takes_the_place(tmp_path: Path) -> None:
    target = tmp_path / "shipped" / "model"
    publish(made(tmp_path / "first", 0.8), target)
    publish(made(tmp_path / "second", 0.8, model=b"other"), target)

    assert (target / "model.onnx").read_bytes() == b"other"
    assert [folder.name for folder in target.parent.iterdir()] == ["model"]


@pytest.mark.parametrize(("auroc", "held_back"), [(0.79, "0123"), (0.9, "4567")])
def test_a_worse_or_incomparable_model_does_not_unless_forced(
    tmp_path: Path, auroc: float, held_back: str
) -> None:
    target, new = tmp_path / "model", made(tmp_path / "new", auroc, held_back, b"other")
    publish(made(tmp_path / "first", 0.8), target)

    with pytest.raises(TrainingFailed, match="--force"):
        publish(new, target)
    assert (target / "model.onnx").read_bytes() == b"weights"

    publish(new, target, force=True)
    assert (target / "model.onnx").read_bytes() == b"other"


def test_what_cannot_be_used_is_replaced(tmp_path: Path) -> None:
    target = made(tmp_path / "model", 0.9)
    (target / "model.onnx").unlink()

    publish(made(tmp_path / "new", 0.1), target)

    assert read_card(target).figures == {"auroc": 0.1}


def test_a_model_without_its_own_figure_is_told_of(tmp_path: Path) -> None:
    new = tmp_path / "new"
    write_card(new, replace(CARD, figures={}))

    with pytest.raises(TrainingFailed, match="auroc"):
        publish(new, made(tmp_path / "model", 0.1))


def test_what_is_too_large_does_not_ship(tmp_path: Path) -> None:
    with (tmp_path / "model.onnx").open("wb") as file:
        file.truncate(LARGEST)
    check_size(tmp_path)
    (tmp_path / "card.json").write_text("{}")

    with pytest.raises(TrainingFailed, match="bytes"):
        check_size(tmp_path)
