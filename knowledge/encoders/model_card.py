"""The card that lies beside a trained model: what it is, what it was trained on, and how good it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from knowledge.types import KnowledgeError, Logistic

CARD = "card.json"


class CardUnusable(KnowledgeError):
    """A model's card cannot be read, or its files are not those that the card describes."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A set that a model was trained on, with its licence and the number of its examples."""

    name: str
    licence: str
    rows: int


@dataclass(frozen=True, slots=True)
class Selection:
    """By which figure a newer model is compared with this one: larger is better, and only figures on the
    same held-back `set` (any id that changes with its content) can be compared."""

    figure: str
    set: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a trained model. `config` is what it was trained with, `figures` what was measured on
    examples held back, `calibration` makes its scores probabilities, `weights` holds models small enough to
    lie in the card, `files` maps each file beside the card to its sha256."""

    name: str
    task: str
    base: str
    base_licence: str
    created: date
    data: tuple[TrainingData, ...]
    config: Mapping[str, Any]
    figures: Mapping[str, float]
    selection: Selection
    calibration: Logistic | None = None
    weights: Mapping[str, Any] = field(default_factory=dict)
    max_tokens: int = 0
    files: Mapping[str, str] = field(default_factory=dict)


_CARD: TypeAdapter[ModelCard] = TypeAdapter(ModelCard)


def read_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`, whose files are all there and unaltered. Raises `CardUnusable`."""
    try:
        card = _CARD.validate_json((folder / CARD).read_bytes())
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        raise CardUnusable(f"{folder / CARD} cannot be used: {reason}") from error
    for name, digest in card.files.items():
        file = folder / name
        if not file.is_file() or sha256_of(file) != digest:
            raise CardUnusable(f"{file} is not the file that its card describes")
    return card


def card_json(card: ModelCard) -> str:
    """The card as it lies on disk."""
    return _CARD.dump_json(card, indent=2).decode() + "\n"


def sha256_of(path: Path) -> str:
    """The file's digest in hex. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
