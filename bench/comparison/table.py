"""The four arms in one table, with intervals over the questions that all of them were asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from learning.evaluation.statistics.bootstrap import Bootstrap
from learning.evaluation.statistics.statistics import share
from learning.evaluation.statistics.style_distance import style_distances
from learning.voice.transcript_files import read_transcripts
from pipeline.types import Role

Row = Mapping[str, Any]
ARMS = {
    "chain": "the chain as it ships",
    "chain_writing": "the chain, a language model writing",
    "tuned": "one fine-tuned model",
    "tuned_retrieving": "the same model with retrieval",
}
FIGURES: Mapping[str, tuple[bool, Callable[[Row], float]]] = {
    "facts right": (True, lambda row: row["claims"] > 0 and row["right"] == row["claims"]),
    "made up, of replies": (True, lambda row: row["made_up"] > 0),
    "declined though answerable": (True, lambda row: not row["claims"]),
    "declines what nothing answers": (False, lambda row: not row["claims"]),
}
"""Each with whether it is of questions that have an answer, or of those that have none."""


def print_table(folders: Sequence[Path], conversations: Path) -> None:
    """One line an arm, of those that were run. Voice: the distance to the example conversations."""
    lines = [
        said.text
        for talk in read_transcripts(conversations).conversations
        for said in talk
        if said.role is Role.ASSISTANT
    ]
    for arm, name in ARMS.items():
        rows = [row for folder in folders for row in _rows(folder / f"{arm}.jsonl", folder.name)]
        if rows:
            voice = fmean(style_distances(lines, [row["text"] for row in rows]).values())
            figures = [f"{figure} {_told(rows, *how)}" for figure, how in FIGURES.items()]
            cost = " ".join(
                f"{key} {fmean(row[key] for row in rows):.3g}"
                for key in ("processor_s", "prompt_tokens", "completion_tokens")
            )
            print(f"{name}: n={len(rows)}; {'; '.join(figures)}; style distance {voice:.3f}; {cost}")


def _rows(file: Path, suite: str) -> list[dict[str, Any]]:
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [{**json.loads(line), "suite": suite} for line in lines]


def _told(rows: Sequence[Row], answerable: bool, value: Callable[[Row], float]) -> str:
    of = [row for row in rows if row["answerable"] is answerable]
    values = np.array([float(value(row)) for row in of])
    units = [f"{row['suite']} {row['id']}" for row in of]
    found = Bootstrap(units).estimate(partial(share, values, np.ones(len(values))))
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f}, n={found.n})" if found else "none"
