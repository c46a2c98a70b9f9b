"""A release made from the one before: what did not change is taken over as it is, and only the rest is cut,
embedded and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from knowledge.index.dense import DenseIndex
from knowledge.releases.snapshot import LocalSnapshot, lay_out
from knowledge.types import Entry, FloatArray, Passage, View


@dataclass(frozen=True, slots=True)
class Layout:
    """The passages of a release in the order of `lay_out`. `origins` gives each one's row in the release
    before, -1 where it is new."""

    entries: Sequence[Entry]
    passages: Sequence[Passage]
    origins: NDArray[np.int64]

    @classmethod
    def of(cls, entries: Sequence[Entry], previous: LocalSnapshot | None) -> Layout:
        """Entries in order; those that are just the same in `previous` keep its passages."""
        if previous is None:
            passages = lay_out(entries)
            return cls(entries, passages, np.full(len(passages), -1, dtype=np.int64))
        same = [previous.entries.get(entry.id) == entry for entry in entries]
        entries = [previous.entries[e.id] if kept else e for e, kept in zip(entries, same, strict=True)]
        fresh = lay_out([entry for entry, kept in zip(entries, same, strict=True) if not kept])
        sides = previous.rows_by_side()
        found: list[Passage] = []
        origins: list[int] = []
        for side, views in enumerate(previous.sides):
            new = _by_entry([passage for passage in fresh if passage.view in views])
            for entry, kept in zip(entries, same, strict=True):
                if kept:
                    start, end = sides[side][entry.id]
                    found += previous.passages[start:end]
                    origins += range(start, end)
                else:
                    found += new.get(entry.id, ())
                    origins += [-1] * len(new.get(entry.id, ()))
        return cls(entries, found, np.array(origins, dtype=np.int64))

    @property
    def fresh(self) -> list[int]:
        """The rows that are new."""
        return [int(row) for row in np.flatnonzero(self.origins < 0)]


def assembled(
    release_id: str,
    layout: Layout,
    fresh: FloatArray,
    previous: LocalSnapshot | None,
    today: Callable[[], date],
) -> LocalSnapshot:
    """The snapshot of a layout, still uncalibrated. `fresh` are the vectors of its new rows."""
    if previous is None:
        return LocalSnapshot.indexed(release_id, layout.entries, layout.passages, fresh, today=today)
    vectors = np.empty((len(layout.passages), previous.vectors.shape[1]), dtype=np.float32)
    kept = layout.origins >= 0
    np.take(previous.vectors, np.maximum(layout.origins, 0), axis=0, out=vectors)
    if not kept.all():
        vectors[~kept] = fresh
    searched = sum(passage.view is not View.SENTENCE for passage in layout.passages)
    places = np.full(previous.searchable, -1, dtype=np.int64)
    rows = np.flatnonzero(kept[:searched])
    places[layout.origins[rows]] = rows
    texts = {row: layout.passages[row].search_text for row in layout.fresh if row < searched}
    return LocalSnapshot(
        release_id,
        layout.entries,
        layout.passages,
        vectors,
        DenseIndex.build(vectors[:searched]),
        previous.lexical.carried(places, searched, texts),
        today=today,
    )


def _by_entry(passages: Sequence[Passage]) -> Mapping[str, list[Passage]]:
    found: dict[str, list[Passage]] = {}
    for passage in passages:
        found.setdefault(passage.entry_id, []).append(passage)
    return found
