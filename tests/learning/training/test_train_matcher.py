"""`candor train retriever --kb` on a small knowledge base: the shipped weights, a few steps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.compose.models import card_for
from knowledge.encoders import onnx_export
from knowledge.encoders.model_card import read_card
from knowledge.encoders.model_store import DEFAULT_ENCODER, find_source
from knowledge.encoders.processor import Int8
from knowledge.encoders.types import load_encoder
from learning.training.config import RetrieverConfig
from learning.training.retrieval import retriever
from learning.training.retrieval.retriever import encoder
from learning.training.retrieval.shipped_weights import exported_encoder, load_shipped
from tests.commands import candor

pytestmark = [pytest.mark.slow, pytest.mark.process]

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "seeds/models/retriever"
CONFIG = """
name: own-retriever
data: {own: 1.0}
measured: [own]
batch: 16
epochs: 0.25
learning_rate: 1.0e-4
hard: 0.0
blend: 0.0
max_tokens: 24
"""
SUBJECTS = "opening parking tickets lockers guides lunch dogs prams coats tours maps groups".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matcher")
    rows = [
        {"id": word, "question": f"What about {word}?", "answer": f"We have {word}."} for word in SUBJECTS
    ]
    (folder / "kb.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [{"message": f"{word} please", "entry_ids": [word]} for word in SUBJECTS]
    (folder / "real.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    (folder / "config.yaml").write_text(CONFIG)
    return folder


def arguments(folder: Path, *more: str) -> tuple[str, ...]:
    given = ("train", "retriever", "--kb", str(folder / "kb.jsonl"), "--config", str(folder / "config.yaml"))
    return (*given, "--questions", str(folder / "real.jsonl"), *more)


def test_a_retriever_of_ones_own_is_trained_measured_and_served(folder: Path) -> None:
    done = candor(folder / "data", *arguments(folder, "--out", str(folder / "model"), "--force"))
    assert done.returncode == 0, done.stderr.decode()
    card = read_card(folder / "model")
    assert card.config["own_messages"] == "real"
    assert {"own.lift", "own.lift_low", "elsewhere.cost"} <= card.figures.keys()
    assert card_for(load_encoder(str(folder / "model"), folder, 1), ROOT / "seeds/models/gate") is not None
    texts = ["may I bring my dog", "where do I leave my coat"]
    was, now = (load_encoder(str(each), folder, 1).encode(texts) for each in (SHIPPED, folder / "model"))
    cosines = np.sum(was * now, axis=1)
    assert (cosines < 0.9999).all()  # something was learned
    assert (cosines > 0.8).all()  # and not all forgotten: the weights were read back


@pytest.mark.filterwarnings("ignore")  # the export runs in a child otherwise
def test_one_that_rounding_would_change_is_kept_in_full_and_can_be_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "_GOOD_ENOUGH", 2.0)

    precision, cosine = read_back(tmp_path)

    assert precision == "float32"
    assert cosine > 0.9999


@pytest.mark.filterwarnings("ignore")
def test_weights_are_read_back_from_int8(tmp_path: Path) -> None:
    precision, cosine = read_back(tmp_path)

    assert precision == "int8"
    assert cosine > 0.998  # the graph rounds activations, too


@pytest.mark.filterwarnings("ignore")
def test_a_retriever_is_averaged_with_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retriever._Run, "_round", lambda *_: None)
    config = RetrieverConfig(data={}, measured=(), averaged_with=str(SHIPPED))
    model = retriever.load(config)
    key = next(each for each in model.state_dict() if each.endswith("layer.3.output.dense.weight"))
    before, other = (each.state_dict()[key].clone() for each in (model, load_shipped(SHIPPED)))

    retriever._Run(config, {}, tmp_path, lambda *_: None)._fit(model, "measured", (0.0, 1.0))

    assert np.allclose(model.state_dict()[key], (before + other) / 2, atol=1e-6)


def read_back(folder: Path) -> tuple[str, float]:
    """The precision of an export, and the cosine of its vectors to those of the model read back from it."""
    source = find_source(DEFAULT_ENCODER, folder)
    manifest = onnx_export.export(source, "own-retriever", folder / "made", Int8.NARROW)
    texts = ["may I bring my dog", "where do I leave my coat"]
    again = encoder(load_shipped(folder / "made"))(texts)
    exported = exported_encoder(folder / "made")(texts)
    return manifest.precision, float(np.sum(again * exported, axis=1).min())


def test_data_and_kb_exclude_each_other(folder: Path) -> None:
    assert candor(folder / "data", "train", "retriever").returncode == 2
    assert candor(folder / "data", "train", "retriever", str(folder), "--kb", "own").returncode == 2
