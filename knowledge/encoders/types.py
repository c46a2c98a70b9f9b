"""Texts to unit vectors: the encoder of a name."""

from __future__ import annotations

from pathlib import Path

from knowledge.encoders.model_store import DEFAULT_ENCODER, StoredModel, exported_model, open_model
from knowledge.encoders.multilingual import MULTILINGUAL_ENCODER, MultilingualEncoder, installed
from knowledge.encoders.onnx_encoder import EncoderInfo, OnnxEncoder, TextEncoder, describe
from knowledge.encoders.processor import available_cores
from knowledge.errors import EncoderFailed, ModelDamaged, ModelNotFound, ModelStoreNotWritable
from knowledge.extras import lacking_to_export

__all__ = [
    "DEFAULT_ENCODER",
    "MULTILINGUAL_ENCODER",
    "EncoderFailed",
    "EncoderInfo",
    "ModelDamaged",
    "ModelNotFound",
    "ModelStoreNotWritable",
    "OnnxEncoder",
    "TextEncoder",
    "describe",
    "load_encoder",
    "ready_model",
    "stored_model",
]


def stored_model(name: str, data_dir: Path) -> StoredModel:
    """The files of the encoder called `name`, exported first where that is needed. Raises `EncoderFailed`."""
    return installed() if name == MULTILINGUAL_ENCODER else open_model(name, data_dir)


def ready_model(name: str, data_dir: Path) -> StoredModel | None:
    """As `stored_model`, but nothing is made: None where it is not exported yet. Raises `EncoderFailed`."""
    return installed() if name == MULTILINGUAL_ENCODER else exported_model(name, data_dir)


def load_encoder(name: str, data_dir: Path, threads: int = 0) -> TextEncoder:
    """The encoder called `name`: the installed default, the multilingual one, a local folder, or a hub model.
    All but the second are exported below `data_dir` on first use, which takes some ten seconds.
    `threads` 0: the physical cores at hand. Blocks; raises `EncoderFailed`."""
    if name == MULTILINGUAL_ENCODER:
        return MultilingualEncoder()
    stored = open_model(name, data_dir)
    if stored.manifest.precision == "pytorch":
        if missing := lacking_to_export():
            raise EncoderFailed(f"{name} runs by torch alone ({stored.manifest.reason}), but {missing}")
        from knowledge.encoders.torch_encoder import TorchEncoder

        return TorchEncoder(stored.source, describe(stored))
    return OnnxEncoder(stored, threads or available_cores())
