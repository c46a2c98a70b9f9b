"""What a release is calibrated by: its own passages and messages of the background, asked of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from knowledge.twins import question_key
from knowledge.types import Calibration, FloatArray, Logistic, View, nearest_mean

if TYPE_CHECKING:
    from knowledge.releases.snapshot import LocalSnapshot, Signals

Features = dict[str, float]
_HITS = 8  # as many as a turn works with
_SAME = 0.9  # questions whose cosine is higher ask the same: passages under one heading, near duplicates
_INSIDE = 0.65  # from this probability on, a message of the background is one of the knowledge base
_BLOCK = 64  # rows of the background compared with all passages at a time
_WORTH_A_LOOK = 0.4  # a message that is nearer to no passage cannot pass the gate


@dataclass(frozen=True, slots=True)
class Ranking:
    """The scores of a message's hits, best first, and the place of the `right` one among them. Those of one
    `group` are about one entry."""

    scores: tuple[float, ...]
    right: int
    group: str


class OwnQuestions:
    """A snapshot's own passages, by row, as queries to itself."""

    def __init__(self, snapshot: LocalSnapshot, calibration: Calibration) -> None:
        self._snapshot = snapshot
        self._calibration = calibration
        self._ordinals = {entry_id: ordinal for ordinal, entry_id in enumerate(snapshot.entries)}
        self._measured: dict[int, Signals] = {}
        self._rows: dict[str, list[int]] = {}  # of each entry, its question first
        for row in range(snapshot.searchable):
            self._rows.setdefault(snapshot.passages[row].entry_id, []).append(row)
        self._questions = snapshot.vectors[[self._rows[entry_id][0] for entry_id in snapshot.entries]]

    def rows(self, views: frozenset[View]) -> list[int]:
        passages = self._snapshot.passages
        return [row for row in range(self._snapshot.searchable) if passages[row].view in views]

    def hidden(self, rows: Sequence[int]) -> list[Features]:
        """The features of passages asked of the knowledge base without their own entry, and without those
        that ask the same: what is hidden must be gone."""
        return [self._features(row, self._without_entry(row)) for row in rows]

    def reworded(self, rows: Sequence[int]) -> list[Features]:
        """The features of alternates asked of the knowledge base as if their entry had none: alternates are
        nearer to one another than what will be asked is to them, and other entries have no such help."""
        return [self._features(row, self._snapshot.fused(self._bare(row))) for row in rows]

    def rankings(self, rows: Sequence[int]) -> list[Ranking]:
        """Of alternates asked as `reworded` does: the scores of the first hits, best first, and which of them
        is the alternate's entry. Without those for which it is none of them."""
        ranked = []
        for row in rows:
            scores = self._snapshot.fused(self._bare(row))
            best, own = np.argsort(-scores)[:_HITS], self._ordinal(row)
            if own in best:
                right = int(np.flatnonzero(best == own)[0])
                ranked.append(Ranking(tuple(map(float, scores[best])), right, self.entry_of(row)))
        return ranked

    def entry_of(self, row: int) -> str:
        return self._snapshot.passages[row].entry_id

    def _without_entry(self, row: int) -> FloatArray:
        own = self._ordinal(row)
        alike = self._questions @ self._questions[own] > _SAME
        alike[own] = True
        others = self._snapshot.fused(self._signals(row))
        return np.delete(others, own) if alike.all() else others[~alike]

    def _signals(self, row: int) -> Signals:
        """Of a passage asked as a query. Measured once: it is asked with its entry and without."""
        if row not in self._measured:
            text = self._snapshot.passages[row].text
            self._measured[row] = self._snapshot.signals(text, self._snapshot.vectors[row])
        return self._measured[row]

    def _bare(self, row: int) -> Signals:
        """With the alternate's entry reduced to its question, and what of its answer does not repeat the
        alternate."""
        snapshot, own, text = self._snapshot, self._ordinal(row), self._snapshot.passages[row].text
        rows, repeated = self._rows[self.entry_of(row)], question_key(text)
        told = [each for each in rows if self._tells(each, repeated)]
        found, query, shares = self._signals(row), snapshot.vectors[row], snapshot.lexical.scores(text)
        return replace(
            found,
            wording_cosine=_put(found.wording_cosine, own, snapshot.vectors[rows[0]] @ query),
            answer_cosine=_put(found.answer_cosine, own, (snapshot.vectors[told or rows[:1]] @ query).max()),
            lexical=_put(found.lexical, own, shares[[rows[0], *told]].max()),
        )

    def _tells(self, row: int, repeated: str) -> bool:
        passage = self._snapshot.passages[row]
        return passage.view is View.CHUNK and repeated not in question_key(passage.text)

    def _ordinal(self, row: int) -> int:
        return self._ordinals[self._snapshot.passages[row].entry_id]

    def _features(self, row: int, scores: FloatArray) -> Features:
        best_first = -np.sort(-scores)
        return self._calibration.features(best_first.tolist(), self._snapshot.vectors[row])


def _put(values: FloatArray, place: int, value: float) -> FloatArray:
    """A copy with another value in one place."""
    changed = values.copy()
    changed[place] = value
    return changed


class Outside:
    """The part of the background that the knowledge base is not about; `kept` are its rows."""

    def __init__(
        self, snapshot: LocalSnapshot, texts: Sequence[str], vectors: FloatArray, prior: Logistic
    ) -> None:
        self._snapshot, self._texts, self._vectors = snapshot, texts, vectors
        self._prior = prior
        near = set(self._worth_a_look())
        self.kept = [row for row in range(len(texts)) if row not in near or not self._inside(row)]

    def features(self, row: int) -> Features:
        """Of the message asked of the knowledge base; it is not compared with itself."""
        vector = self._vectors[row]
        scores = self._snapshot.fused(self._snapshot.signals(self._texts[row], vector))
        others = np.delete(self._vectors @ vector, row)
        near = nearest_mean(others) if len(others) else 0.0
        return Calibration().features((-np.sort(-scores)).tolist(), vector) | {"background": near}

    def _worth_a_look(self) -> Iterator[int]:
        searched = self._snapshot.vectors[: self._snapshot.searchable]
        for start in range(0, len(self._vectors), _BLOCK):
            cosines = self._vectors[start : start + _BLOCK] @ searched.T
            near = cosines.max(axis=1, initial=-1.0) >= _WORTH_A_LOOK
            yield from (start + int(row) for row in np.flatnonzero(near))

    def _inside(self, row: int) -> bool:
        return self._prior.probability(self.features(row)) >= _INSIDE
