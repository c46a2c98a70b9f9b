"""A pair model that can be reckoned by hand, in the folder layout of the trained ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from knowledge.model_card import CARD, ModelCard, Selection, card_json, sha256_of
from knowledge.types import Logistic

WORDS = ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "toll", "bridge", "paint", "arch")
MAX_TOKENS = 12
IDS = ("input_ids", "attention_mask", "token_type_ids")


def write_pair_model(folder: Path, **fields: Any) -> Path:  # noqa: ANN401
    """A model whose logits are the sum of the ids of the first segment, with [CLS] and its [SEP], and the
    number of tokens of the second, with its [SEP]."""
    folder.mkdir(parents=True)
    onnx.save(a_graph(), str(folder / "model.onnx"))
    a_tokenizer().save(str(folder / "tokenizer.json"))
    (folder / CARD).write_text(card_json(a_card(folder, **fields)))
    return folder


def a_card(folder: Path, **fields: Any) -> ModelCard:  # noqa: ANN401
    given: dict[str, Any] = {
        "name": "reckoner",
        "task": "relevance",
        "base": "none",
        "base_licence": "Apache-2.0",
        "created": date(2026, 1, 1),
        "data": (),
        "config": {},
        "figures": {"auroc": 0.5},
        "selection": Selection("auroc", "none"),
        "calibration": Logistic({"pair": 1.0}, 0.0),
        "max_tokens": MAX_TOKENS,
        "files": {name: sha256_of(folder / name) for name in ("model.onnx", "tokenizer.json")},
        **fields,
    }
    return ModelCard(**given)


def a_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    return tokenizer


def a_graph() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Sub", ["attention_mask", "token_type_ids"], ["first"]),
        helper.make_node("Mul", ["input_ids", "first"], ["ids"]),
        helper.make_node("ReduceSum", ["ids", "axis"], ["sum"]),
        helper.make_node("ReduceSum", ["token_type_ids", "axis"], ["count"]),
        helper.make_node("Concat", ["sum", "count"], ["whole"], axis=1),
        helper.make_node("Cast", ["whole"], ["logits"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes,
        "reckoner",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"]) for name in IDS],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
