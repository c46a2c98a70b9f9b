"""A trained pair model into the form in which it ships: int8 ONNX that is right on every processor."""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np

from knowledge.onnx_export import largest_inputs, quantise_graph, scale_rows
from knowledge.onnx_session import OnnxSession
from knowledge.pair_scorer import PairScorerFailed
from knowledge.types import FloatArray
from learning.training.config import TrainingFailed
from learning.training.export import check_size
from learning.training.pair_model import PairModel

_TRUE = 0.99  # correlation of the logits below which an export is another model
_INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
_OPERATORS = 17


def export_pair_model(model: PairModel, out: Path, probes: Sequence[tuple[str, str]]) -> float:
    """Fill the new folder `out` with `model.onnx` and `tokenizer.json`, and give the correlation of the two
    models' logits on `probes`. Raises `TrainingFailed` where that shows another model, or the folder is too
    large to ship.

    Weights take 7 of the 8 bits: on a processor that adds products in 16 bits, more could overflow."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    model.tokenizer.save(str(out / "tokenizer.json"))
    _write_int8(model, out / "model.onnx", probes)
    check_size(out)
    correlation = float(
        np.corrcoef(model.score(probes, exact=True), _logits(model, out / "model.onnx", probes))[0, 1]
    )
    if not correlation >= _TRUE:
        raise TrainingFailed(
            f"the export is not true to the model: its logits correlate by {correlation:.3f}"
        )
    return correlation


def _write_int8(model: PairModel, path: Path, probes: Sequence[tuple[str, str]]) -> None:
    import torch

    net, exact = deepcopy(model.net).eval(), path.with_suffix(".float32")
    scale_rows(net, largest_inputs(net, lambda: [net(*model.batch([pair])) for pair in probes]))
    pairs = model.batch([("a question", "a passage that answers it"), ("another", "one")])
    axes = {name: {0: "pairs", 1: "tokens"} for name in _INPUTS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            pairs,
            str(exact),
            input_names=_INPUTS,
            output_names=["logits"],
            dynamic_axes=axes | {"logits": {0: "pairs"}},
            opset_version=_OPERATORS,
            dynamo=False,
        )
    logging.disable(logging.WARNING)  # of a graph that was not optimised beforehand, on purpose
    quantise_graph(exact, path, narrow=True)
    logging.disable(logging.NOTSET)
    exact.unlink()


def _logits(model: PairModel, path: Path, pairs: Sequence[tuple[str, str]]) -> FloatArray:
    session = OnnxSession(path, 1, PairScorerFailed)
    rows = [
        session.run(dict(zip(_INPUTS, (part.numpy() for part in model.batch([pair])), strict=True)))
        for pair in pairs
    ]
    return np.concatenate(rows)[:, 0]
