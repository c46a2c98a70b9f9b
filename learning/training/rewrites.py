"""Conversational questions with the standalone wording that a human gave them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learning.training.config import TrainingFailed
from pipeline.english.words import TERM
from pipeline.stages.rewriting.term_resolution import stem_of
from pipeline.types import Message, Role

LICENCES = {
    "canard_dev": "CC-BY-SA-4.0",
    "cast2019": "MIT",
    "cast2020": "MIT",
    "ikat2023train": "MIT",
    "mtrag_human": "Apache-2.0",
    "synthetic": "own",
    "stored": "own",
}
"""Only sets of these names are read: what is not listed may not be trained on."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A message after a conversation, and the human's standalone wording; `needed` where that differs."""

    text: str
    history: tuple[Message, ...]
    needed: bool
    rewrite: str
    conversation: str
    source: str
    licence: str

    def wanted(self) -> frozenset[str]:
        """The stems of the human's words."""
        return frozenset(stem_of(word) for word in TERM.findall(self.rewrite))


def read_rewrites(folder: Path, names: Sequence[str]) -> list[Rewrite]:
    """The rows of `folder`/NAME.jsonl, without those whose rewrite uses facts from outside the conversation.
    Raises `TrainingFailed`."""
    found: list[Rewrite] = []
    for name in names:
        try:
            found += _rewrites(folder / f"{name}.jsonl")
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise TrainingFailed(f"{folder / name}.jsonl cannot be read: {error}") from error
    return found


def _rewrites(file: Path) -> Iterator[Rewrite]:
    with file.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if not row.get("persona_used"):
                yield _rewrite(row)


def _rewrite(row: Mapping[str, Any]) -> Rewrite:
    public = [turn for turn in row["history"] if turn["role"] in set(Role)]
    return Rewrite(
        text=row["utterance"],
        history=tuple(Message(Role(turn["role"]), turn["text"]) for turn in public),
        needed=bool(row["needs_rewrite"]),
        rewrite=row["rewrite"],
        conversation=row["conversation_id"],
        source=row["dataset"],
        licence=LICENCES[row["dataset"]],
    )
