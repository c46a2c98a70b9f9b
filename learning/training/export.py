"""Trained models into the form in which they ship: int8 ONNX that is right on every processor."""

from __future__ import annotations

import shutil
from pathlib import Path

from knowledge.model_store import export_to, read_manifest
from knowledge.processor import Int8
from learning.training.config import TrainingFailed

LARGEST = 25_000_000
"""Bytes of a shipped model's folder."""


def export_retriever(source: Path, name: str, out: Path) -> float:
    """Fill the new folder `out` with the encoder in `source`, as `knowledge.model_store` reads it, and give
    the mean cosine between the two. Raises `TrainingFailed` where the export is another model, or too large.

    Weights take 7 of the 8 bits: on a processor that adds products in 16 bits, more could overflow."""
    shutil.rmtree(out, ignore_errors=True)
    export_to(out, name, source, Int8.NARROW)
    manifest = read_manifest(out)
    if manifest is None or manifest.precision != "int8":
        raise TrainingFailed(f"{name} cannot ship as int8: {manifest.reason if manifest else 'damaged'}")
    check_size(out)
    return manifest.mean_cosine


def check_size(folder: Path) -> None:
    """Raises `TrainingFailed` where a model is too large to ship."""
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > LARGEST:
        raise TrainingFailed(f"{folder} takes {size:,} bytes, more than the {LARGEST:,} that may ship")
