"""The export of real models: a child process imports torch for each, some seconds a test."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from knowledge.encoders import onnx_export
from knowledge.encoders.model_store import find_source
from knowledge.encoders.probe_sentences import PROBE_SENTENCES
from knowledge.encoders.processor import Int8
from knowledge.encoders.types import DEFAULT_ENCODER, EncoderFailed, TextEncoder, load_encoder

pytestmark = [pytest.mark.slow, pytest.mark.process]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def encoder(data_dir: Path) -> TextEncoder:
    return load_encoder(DEFAULT_ENCODER, data_dir, threads=1)


MAKE_MODELS = """
import pathlib, sys
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel

source, target = map(pathlib.Path, sys.argv[1:])
torch.manual_seed(0)
tokenizer = AutoTokenizer.from_pretrained(source)
sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
config = BertConfig(vocab_size=len(tokenizer), **sizes)

def save(name, bert, pooling):
    bert.save_pretrained(target / "bert")
    tokenizer.save_pretrained(target / "bert")
    transformer = Transformer(str(target / "bert"))
    model = SentenceTransformer(modules=[transformer, Pooling(32, pooling_mode=pooling)], device="cpu")
    model.save(str(target / name))

bert = BertModel(config)
save("tiny", bert, "cls")
save("max", bert, "max")
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small random models: tiny, and max, which pools by maximum."""
    target = tmp_path_factory.mktemp("models")
    source = find_source(DEFAULT_ENCODER, target)
    subprocess.run(
        [sys.executable, "-c", MAKE_MODELS, str(source), str(target)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    return target


def test_the_default_is_int8_and_true_to_the_original(encoder: TextEncoder) -> None:
    assert encoder.info.precision == "int8"
    assert encoder.info.mean_cosine >= 0.996
    assert encoder.info.reason == ""
    assert encoder.info.dimension == encoder.dimension == 384


def test_vectors_are_unit_rows_in_the_order_of_the_texts(encoder: TextEncoder) -> None:
    texts = [*PROBE_SENTENCES, "", " ", "word " * 5000, "\x00", "lone \ud800 surrogate", "‮​"]

    vectors = encoder.encode(texts)

    assert vectors.shape == (len(texts), 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    backwards = encoder.encode(texts[::-1])[::-1]
    assert np.min(np.sum(vectors * backwards, axis=1)) > 0.9999
    assert encoder.encode([]).shape == (0, 384)


def test_a_text_has_one_vector_whatever_shares_its_batch(encoder: TextEncoder) -> None:
    together = encoder.encode(PROBE_SENTENCES)
    alone = np.concatenate([encoder.encode([text]) for text in PROBE_SENTENCES])

    assert np.min(np.sum(together * alone, axis=1)) > 0.9999


def test_meaning_survives(encoder: TextEncoder) -> None:
    query, near, far = encoder.encode(
        ["can i get it while breastfeeding", "Is breastfeeding a problem?", "The train leaves at nine."]
    )

    assert query @ near > 0.5 > 0.2 > query @ far


def test_threads_may_share_an_encoder(encoder: TextEncoder) -> None:
    expected = encoder.encode(PROBE_SENTENCES)

    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(encoder.encode, [PROBE_SENTENCES] * 8):
            assert np.allclose(vectors, expected, atol=1e-5)


@pytest.mark.usefixtures("encoder")
def test_serving_imports_no_torch_and_says_nothing(data_dir: Path) -> None:
    program = """
import json, pathlib, sys
from knowledge.encoders.types import load_encoder
load_encoder("all-MiniLM-L6-v2", pathlib.Path(sys.argv[1])).encode(["hello"])
heavy = {"torch", "transformers", "sentence_transformers", "onnx", "huggingface_hub"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""
    child = subprocess.run(
        [sys.executable, "-c", program, str(data_dir)], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert json.loads(child.stdout) == []
    assert child.stderr == ""


def test_the_first_load_says_nothing_and_a_damaged_export_is_made_anew(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], models: Path
) -> None:
    first = load_encoder(str(models / "tiny"), tmp_path, threads=1)
    expected = first.encode(PROBE_SENTENCES)
    (first.info.path / "model.onnx").write_bytes(b"rust")

    again = load_encoder(str(models / "tiny"), tmp_path, threads=1)

    assert np.array_equal(again.encode(PROBE_SENTENCES), expected)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore")  # the export runs in a child otherwise
def test_a_model_that_loses_too_much_in_int8_stays_float(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "_GOOD_ENOUGH", 1.1)

    manifest = onnx_export.export(models / "tiny", "tiny", tmp_path / "made", Int8.NARROW)

    assert manifest.precision == "float32"
    assert manifest.mean_cosine > 0.999
    assert "int8" in manifest.reason
    assert {file.name for file in (tmp_path / "made").iterdir()} == {*manifest.files, "manifest.json"}


def test_a_layer_that_never_ran_is_left_as_it_is() -> None:
    import torch

    net = torch.nn.ModuleDict({"used": torch.nn.Linear(2, 3), "idle": torch.nn.Linear(2, 3)})
    rows = torch.tensor([[1.0, -200.0], [3.0, 100.0]])
    expected = net["used"](rows)

    onnx_export.scale_rows(net, onnx_export.largest_inputs(net, lambda: net["used"](rows)))

    assert type(net["used"]) is not torch.nn.Linear and type(net["idle"]) is torch.nn.Linear
    assert torch.allclose(net["used"](rows), expected, rtol=1e-4)


def test_a_model_that_pools_otherwise_runs_as_it_is(tmp_path: Path, models: Path) -> None:
    program = """
import json, pathlib, sys
from knowledge.encoders.types import load_encoder
encoder = load_encoder(sys.argv[1], pathlib.Path(sys.argv[2]))
vectors = encoder.encode(["one", "", "three"])
norms = (vectors**2).sum(axis=1).round(4).tolist()
print(json.dumps([encoder.info.precision, encoder.info.reason, norms, encoder.encode([]).shape]))
"""
    child = subprocess.run(
        [sys.executable, "-c", program, str(models / "max"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert json.loads(child.stdout) == ["pytorch", "pools by max", [1, 1, 1], [0, 32]]
    assert child.stderr == ""


def test_weights_that_are_none_are_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "model.safetensors").write_bytes(b"not numbers")

    with pytest.raises(EncoderFailed, match=r"export of .*junk failed"):
        load_encoder(str(tmp_path / "junk"), tmp_path / "data")
