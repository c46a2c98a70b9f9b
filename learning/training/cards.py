"""Cards of trained models written, compared, and models put in place only where they are no worse."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from knowledge.encoders.model_card import CARD, CardUnusable, ModelCard, card_json, read_card, sha256_of
from learning.training.config import TrainingFailed


def set_id(content: Any) -> str:  # noqa: ANN401
    """Names what is measured on, given as text or as JSON values: it changes with anything in it."""
    text = content if isinstance(content, str) else json.dumps(content)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_card(folder: Path, card: ModelCard) -> ModelCard:
    """Writes the card beside the files of the model in `folder`, which is made where it is missing; the card
    given back knows their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {file.name: sha256_of(file) for file in sorted(folder.iterdir()) if file.name != CARD}
    card = replace(card, files=files)
    (folder / CARD).write_text(card_json(card), encoding="utf-8")
    return card


def publish(made: Path, target: Path, *, force: bool = False) -> ModelCard:
    """Puts the model in the folder `made`, card included, in the place of `target` in one rename. Raises
    `TrainingFailed`, unless `force`, where `target` is better by its own selection figure on the same
    held-back set, or where the two were measured on different ones and cannot be compared."""
    card = read_card(made)
    if not force and target.is_dir():
        _compare(card, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as scratch:
        shutil.copytree(made, Path(scratch, "new"))
        if target.is_dir():
            target.rename(Path(scratch, "old"))
        os.rename(Path(scratch, "new"), target)
    return card


def _compare(card: ModelCard, target: Path) -> None:
    try:
        old = read_card(target)
    except CardUnusable:
        return  # whatever lies there cannot be used anyway
    if old.selection != card.selection:
        raise TrainingFailed(
            f"{target} was chosen by {old.selection.figure} on held-back set {old.selection.set}, the new one"
            f" by {card.selection.figure} on {card.selection.set}: no comparison. --force replaces it."
        )
    was, now = _selected(old.figures, old), _selected(card.figures, card)
    if now < was:
        figure = card.selection.figure
        raise TrainingFailed(f"{target} is better: {figure} {was:.4f} to {now:.4f}. --force replaces it.")


def _selected(figures: Mapping[str, float], card: ModelCard) -> float:
    try:
        return figures[card.selection.figure]
    except KeyError:
        raise TrainingFailed(
            f"the card of {card.name} lacks its own figure {card.selection.figure}"
        ) from None
