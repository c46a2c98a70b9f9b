"""Trained models into the form in which they ship: int8 ONNX that is right on every processor."""

from __future__ import annotations

import shutil
from pathlib import Path

from knowledge.encoders.model_store import Manifest, export_to, read_manifest
from knowledge.encoders.processor import Int8
from learning.training.config import TrainingFailed

LARGEST = 25_000_000
"""Bytes of a shipped model's folder."""


def export_retriever(source: Path, name: str, out: Path) -> float:
    """Fill the new folder `out` with the encoder in `source` as int8 and give the mean cosine between the
    two. Raises `TrainingFailed` where the export is another model, or too large."""
    manifest = export_true(source, name, out)
    if manifest.precision != "int8":
        raise TrainingFailed(f"{name} cannot ship as int8: {manifest.reason}")
    check_size(out)
    return manifest.mean_cosine


def export_true(source: Path, name: str, out: Path) -> Manifest:
    """Fill the new folder `out` with the encoder in `source`, as `knowledge.encoders.model_store` reads
    it: as int8, or in single precision, four times as large, where rounding would make another model of
    it. Raises `TrainingFailed` where neither is true to it.

    Weights take 7 of the 8 bits: on a processor that adds products in 16 bits, more could overflow."""
    shutil.rmtree(out, ignore_errors=True)
    export_to(out, name, source, Int8.NARROW)
    manifest = read_manifest(out)
    if manifest is None or manifest.precision not in {"int8", "float32"}:
        raise TrainingFailed(f"{name} cannot be exported: {manifest.reason if manifest else 'damaged'}")
    return manifest


def check_size(folder: Path) -> None:
    """Raises `TrainingFailed` where a model is too large to ship."""
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > LARGEST:
        raise TrainingFailed(f"{folder} takes {size:,} bytes, more than the {LARGEST:,} that may ship")
