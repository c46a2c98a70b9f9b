"""The encoder that ships; and an exported encoder as a model that can be trained on: its weights, read back
from the graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.encoders.model_store import DEFAULT_ENCODER, StoredModel, find_source, read_manifest
from knowledge.encoders.types import OnnxEncoder
from knowledge.shipped_seeds import SHIPPED_SEEDS
from knowledge.types import FloatArray
from learning.training.config import TrainingFailed

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_QUANTISED = ".weight_quantized"
_LEAST_COSINE = 0.98  # of vectors by the graph and by the model read back: the graph rounds activations, too


def shipped_encoder() -> str:
    """The encoder that ships, by name or folder: beside it the judges work, and to it they are fitted."""
    folder = SHIPPED_SEEDS / "models" / "retriever"
    return str(folder) if folder.is_dir() else DEFAULT_ENCODER


def load_shipped(folder: Path) -> SentenceTransformer:
    """The encoder in `folder`, exported from all-MiniLM-L6-v2 or a model trained from it, in single
    precision. Raises `TrainingFailed` where it is another model."""
    from knowledge.encoders.torch_encoder import load_original

    model = load_original(find_source(DEFAULT_ENCODER, Path()))
    try:
        weights = read_weights(folder / "model.onnx")
        _fill(model[0].auto_model, weights)
    except (OSError, LookupError, ValueError, RuntimeError) as error:
        raise TrainingFailed(f"the weights of {folder} cannot be read back: {error}") from error
    _check(model, folder)
    return model


def exported_encoder(folder: Path) -> Callable[[Sequence[str]], FloatArray]:
    """The encoder in `folder` as it is served: texts to unit rows. Raises `TrainingFailed`."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise TrainingFailed(f"{folder} is not an exported encoder")
    return OnnxEncoder(StoredModel(manifest, "", folder, folder), 1).encode


def read_weights(file: Path) -> dict[str, FloatArray]:
    """Names as in the original transformer, in single precision. Raises `OSError` and `LookupError`."""
    import onnx
    from onnx.numpy_helper import to_array

    graph = onnx.load(file).graph
    stored = {each.name: to_array(each) for each in graph.initializer}
    prefix = "transformer."
    found = {
        name.removeprefix(prefix): array
        for name, array in stored.items()
        if name.startswith(prefix) and not name.endswith(("_quantized", "_scale", "_zero_point"))
    }
    for name, array in stored.items():
        if name.startswith(prefix) and name.endswith(_QUANTISED):
            base = name.removesuffix("_quantized")
            found[base.removeprefix(prefix)] = _scaled(array, stored, base)
    for bias, weights in _linear_layers(graph, stored):
        name = bias.removeprefix(prefix).replace(".bias", ".weight")
        base, array = weights.removesuffix("_quantized"), stored[weights]
        shrink = stored.get(bias.replace(".bias", ".shrink"), np.float32(1))
        found[name] = (array if base == weights else _scaled(array, stored, base)).T * shrink
    return found


def _linear_layers(graph: Any, stored: Container[str]) -> list[tuple[str, str]]:  # noqa: ANN401 (onnx is not typed)
    """For each product with weights, the name of the bias that is added to it, and of the weights: the
    products themselves bear no names that tell the layer."""
    readers: defaultdict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    found = []
    for node in graph.node:
        if node.op_type in {"MatMul", "MatMulInteger"} and node.input[1] in stored:
            end = node
            while end.op_type != "Add":
                (end,) = readers[end.output[0]]
            bias = next(name for name in end.input if name.endswith(".bias"))
            found.append((bias, node.input[1]))
    return found


def _scaled(array: Any, stored: dict[str, Any], base: str) -> FloatArray:  # noqa: ANN401
    """Integers to what they stand for; a scale for each column or each row, where there are several."""
    scale, zero = stored[f"{base}_scale"], stored.get(f"{base}_zero_point", np.int8(0))
    real: FloatArray = (array.astype(np.float32) - zero.astype(np.float32)) * scale
    return real


def _fill(transformer: Any, weights: dict[str, FloatArray]) -> None:  # noqa: ANN401
    """Raises `LookupError` where a weight is missing, `RuntimeError` where one has another shape."""
    import torch

    own = transformer.state_dict()
    if missing := {name for name in own if not name.startswith("pooler") and name not in weights} - {
        "embeddings.position_ids",
        "embeddings.token_type_embeddings.weight",
    }:
        raise LookupError(f"{min(missing)} is not among them")
    kept = {name: torch.from_numpy(np.array(weights[name], order="C")) for name in own if name in weights}
    transformer.load_state_dict(own | kept)


def _check(model: SentenceTransformer, folder: Path) -> None:
    from knowledge.encoders.probe_sentences import PROBE_SENTENCES
    from knowledge.encoders.torch_encoder import encode_original

    served = exported_encoder(folder)(PROBE_SENTENCES)
    cosine = float(np.mean(np.sum(served * encode_original(model, PROBE_SENTENCES), axis=1)))
    if cosine < _LEAST_COSINE:
        raise TrainingFailed(f"{folder} is another model than the one its graph describes ({cosine:.3f})")
