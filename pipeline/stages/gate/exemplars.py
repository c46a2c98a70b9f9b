"""Messages of known kinds, and how near a new one is to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.types import FloatArray


@dataclass(frozen=True, slots=True)
class Nearest:
    """The exemplar of a group that is nearest to a message: its cosine and its kind."""

    cosine: float
    kind: str


NOTHING = Nearest(-1.0, "")


@dataclass(frozen=True, slots=True)
class Exemplars:
    """Unit vectors by group, shape (n, dimension) each, and the kind of each row."""

    vectors: Mapping[str, FloatArray]
    kinds: Mapping[str, Sequence[str]]

    @classmethod
    def of(
        cls, groups: Mapping[str, Mapping[str, Sequence[str]]], embed: Callable[[Sequence[str]], FloatArray]
    ) -> Exemplars:
        """From texts by group and kind."""
        texts = {
            group: [(kind, text) for kind, lines in by_kind.items() for text in lines]
            for group, by_kind in groups.items()
        }
        return cls(
            {group: embed([text for _, text in pairs]) for group, pairs in texts.items()},
            {group: [kind for kind, _ in pairs] for group, pairs in texts.items()},
        )

    def nearest(self, group: str, vector: FloatArray) -> Nearest:
        rows = self.vectors.get(group)
        if rows is None or not len(rows):
            return NOTHING
        cosines = rows @ vector
        best = int(np.argmax(cosines))
        return Nearest(float(cosines[best]), self.kinds[group][best])


def read_exemplars(seeds: Path) -> dict[str, dict[str, list[str]]]:
    """The groups of `small_talk.yaml` (one, by kind) and of `safety.yaml` (one a key)."""
    small_talk = _yaml(seeds / "small_talk.yaml")
    safety = _yaml(seeds / "safety.yaml")
    return {"small_talk": small_talk} | {group: {group: lines} for group, lines in safety.items()}


def _yaml(file: Path) -> dict[str, Any]:
    import yaml

    # Some thousand lines: libyaml, which PyYAML's wheels hold, reads them ten times as fast as Python does.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), loader)  # noqa: S506 - both are safe
    return loaded
