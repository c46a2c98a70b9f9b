"""`candor train retriever` on a tiny model and knowledge base: real libraries, a few steps."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.encoders.model_card import ModelCard, read_card
from knowledge.encoders.model_store import find_source
from knowledge.encoders.types import ModelDamaged, load_encoder
from tests.commands import candor

pytestmark = [pytest.mark.slow, pytest.mark.process]

MAKE_MODEL = """
import pathlib, sys
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel

source, target = map(pathlib.Path, sys.argv[1:])
torch.manual_seed(0)
tokenizer = AutoTokenizer.from_pretrained(source)
sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
bert = BertModel(BertConfig(vocab_size=len(tokenizer), **sizes))
with torch.no_grad():
    bert.embeddings.word_embeddings.weight *= 20  # or all texts would be alike to it
bert.save_pretrained(target / "bert")
tokenizer.save_pretrained(target / "bert")
modules = [Transformer(str(target / "bert")), Pooling(32, pooling_mode="mean")]
SentenceTransformer(modules=modules, device="cpu").save(str(target / "tiny"))
"""
CONFIG = """
base: {base}
data: {{covid_faq: 1.0}}
measured: [covid_faq]
epochs: 12
batch: 8
learning_rate: 5.0e-3
max_tokens: 24
save_steps: 12
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model, a corpus below `sets`, and a configuration."""
    folder = tmp_path_factory.mktemp("training")
    source = find_source("all-MiniLM-L6-v2", folder)
    made = subprocess.run([sys.executable, "-c", MAKE_MODEL, str(source), str(folder)], capture_output=True)
    assert made.returncode == 0, made.stderr
    subjects = "opening parking tickets lockers guides lunch dogs prams coats tours maps groups".split()
    sets = folder / "sets" / "covid_faq"
    sets.mkdir(parents=True)
    rows = [
        {"id": word, "question": f"What about {word}?", "answer": f"We have {word}. Ask."}
        for word in subjects
    ]
    (sets / "kb.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [{"query": f"{word} {how}", "kb_ids": [word]} for word in subjects for how in ("pls", "today")]
    (sets / "queries_dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    (folder / "config.yaml").write_text(CONFIG.format(base=folder / "tiny"))
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> ModelCard:
    train(folder)
    return read_card(folder / "model")


def train(folder: Path, *more: str) -> str:
    arguments = ("train", "retriever", str(folder / "sets"), "--config", str(folder / "config.yaml"))
    done = candor(folder / "data", *arguments, "--out", str(folder / "model"), *more)
    assert done.returncode == 0, done.stderr.decode()
    assert b"Warning" not in done.stderr
    return done.stderr.decode()


def test_a_card_tells_what_was_trained_and_how_good_it_is(folder: Path, trained: ModelCard) -> None:
    assert [(data.name, data.licence, data.rows) for data in trained.data] == [
        ("covid_faq", "Apache-2.0", 36)
    ]
    assert trained.config["epochs"] == 12
    assert set(trained.files) == {"manifest.json", "model.onnx", "tokenizer.json"}
    figures = trained.figures
    assert {"right_first", "base.right_first", "covid_faq.in_first_five"} <= figures.keys()
    assert figures["export_cosine"] > 0.99


def test_what_was_trained_serves_as_it_is_and_learned_something(folder: Path, trained: ModelCard) -> None:
    nowhere = folder / "nowhere"
    encoder = load_encoder(str(folder / "model"), nowhere, threads=1)
    base = load_encoder(str(folder / "tiny"), folder / "exports", threads=1)

    def gained(texts: list[str]) -> float:
        after, before = encoder.encode(texts), base.encode(texts)
        return float((after[0] - after[2]) @ after[1] - (before[0] - before[2]) @ before[1])

    assert encoder.info.name == trained.name and encoder.info.precision == "int8"
    assert gained(["dogs?", "dogs pls", "lunch?"]) > 0.1
    assert not nowhere.exists()


def test_a_damaged_model_is_not_loaded(folder: Path, trained: ModelCard, tmp_path: Path) -> None:
    shutil.copytree(folder / "model", tmp_path / "model")
    load_encoder(str(tmp_path / "model"), tmp_path, threads=1)
    with (tmp_path / "model" / "tokenizer.json").open("a") as file:
        file.write(" ")

    with pytest.raises(ModelDamaged, match="tokenizer"):
        load_encoder(str(tmp_path / "model"), tmp_path, threads=1)


def test_an_interrupted_training_ends_where_the_whole_one_did(folder: Path, trained: ModelCard) -> None:
    work = folder / "data" / "training" / "retriever"
    for left in ("measured", "final", "model"):
        shutil.rmtree(work / left)
    (work / "figures.json").unlink()
    for checkpoint in work.glob("checkpoints-*"):  # as if killed after the one before the last
        steps = sorted(checkpoint.iterdir(), key=lambda step: int(step.name.partition("-")[2]))
        assert len(steps) == 2
        shutil.rmtree(steps[-1])

    train(folder, "--resume")

    again = read_card(folder / "model")
    assert again.figures == trained.figures
    assert again.files == trained.files


def test_another_configuration_is_not_resumed(folder: Path, trained: ModelCard) -> None:
    other = folder / "other.yaml"
    other.write_text((folder / "config.yaml").read_text() + "seed: 7\n")
    arguments = ("train", "retriever", str(folder / "sets"), "--config", str(other), "--resume")

    done = candor(folder / "data", *arguments, "--out", str(folder / "model"))

    assert done.returncode == 1
    assert b"otherwise" in done.stderr and b"Traceback" not in done.stderr


def test_a_retriever_to_average_with_is_missed_before_the_training(folder: Path, tmp_path: Path) -> None:
    config = (folder / "config.yaml").read_text() + f"averaged_with: {tmp_path / 'nowhere'}\n"
    (tmp_path / "config.yaml").write_text(config)

    arguments = ("train", "retriever", str(folder / "sets"), "--config", str(tmp_path / "config.yaml"))
    done = candor(tmp_path / "data", *arguments, "--out", str(tmp_path / "model"))

    assert done.returncode == 1
    assert b"nowhere cannot be read back" in done.stderr
    assert b"step" not in done.stderr
