"""One immutable release in memory, searchable from any thread without a lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from knowledge.index.dense import DenseIndex
from knowledge.index.fusion import FusionWeights, evened
from knowledge.index.lexical import LexicalIndex
from knowledge.index.passages import passages_of
from knowledge.index.recent import Recent
from knowledge.twins import question_key
from knowledge.types import Calibration, Entry, EntryStatus, FloatArray, Hit, Passage, View

UNCALIBRATED = Calibration()
"""What a snapshot carries until its release is calibrated."""

_SIDES = (
    frozenset({View.QUESTION, View.ALTERNATE, View.MISCONCEPTION}),
    frozenset({View.CHUNK}),
    frozenset({View.SENTENCE}),
)
_CANDIDATE_ROWS = 256
_SEARCHES_KEPT = 64  # the stages of a turn search for the same message; some 10 kB each


def lay_out(entries: Sequence[Entry]) -> list[Passage]:
    """All passages of the entries in the order of a snapshot's rows: first every entry's question side, then
    every answer chunk, then every sentence, so that what is searched lies together."""
    cut = [passage for entry in entries for passage in passages_of(entry)]
    return [passage for side in _SIDES for passage in cut if passage.view in side]


@dataclass(frozen=True, slots=True)
class Signals:
    """What was measured for some entries; `ordinals` are their positions among all entries, the arrays have
    shape (entries,). `wording_cosine` is `question_cosine` evened for how many wordings an entry has, and so
    is the question side of `lexical` (see `knowledge.index.fusion.evened`)."""

    ordinals: NDArray[np.int64]
    question_cosine: FloatArray
    wording_cosine: FloatArray
    answer_cosine: FloatArray
    lexical: FloatArray


_NO_VALUES = np.empty(0, dtype=np.float32)
_NOTHING = Signals(np.empty(0, dtype=np.int64), _NO_VALUES, _NO_VALUES, _NO_VALUES, _NO_VALUES)


class LocalSnapshot:
    """Implements `knowledge.types.Snapshot` with FAISS and BM25 in this process.

    `passages` and the rows of `vectors` (unit, float32, shape (passages, dimension)) correspond; both are in
    the order of `lay_out`."""

    def __init__(
        self,
        release_id: str,
        entries: Sequence[Entry],
        passages: Sequence[Passage],
        vectors: FloatArray,
        dense: DenseIndex,
        lexical: LexicalIndex,
        calibration: Calibration = UNCALIBRATED,
        *,
        weights: FusionWeights | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Raises `ValueError` where the parts do not fit together."""
        self.release_id = release_id
        self.entries: Mapping[str, Entry] = MappingProxyType({entry.id: entry for entry in entries})
        self.calibration = calibration
        self.passages = passages
        self.vectors = vectors
        self._listed = tuple(entries)
        self._has_translations = any(entry.translation_of for entry in entries)
        self._ordinals = {entry.id: ordinal for ordinal, entry in enumerate(entries)}
        self._questions: dict[str, list[int]] = {}
        for place, entry in enumerate(entries):
            self._questions.setdefault(question_key(entry.question), []).append(place)
        self._dense = dense
        self._lexical = lexical
        self.weights = weights or FusionWeights()
        self._today = today
        self._recent: Recent[tuple[str, bytes, int, date], Signals] = Recent(_SEARCHES_KEPT)
        self._last_days = np.array([_last_day(entry) for entry in entries], dtype=np.int64)
        self._owners = np.array([self._ordinals.get(p.entry_id, -1) for p in passages], dtype=np.int64)
        self._bounds = [self._side_bounds(side) for side in _SIDES]
        if len(vectors) != len(passages) or (self._owners < 0).any() or len(dense) != self.searchable:
            raise ValueError("the vectors, passages, entries and index of the release do not fit together")

    @classmethod
    def of(
        cls,
        entries: Sequence[Entry],
        embed: Callable[[Sequence[str]], FloatArray],
        calibration: Calibration = UNCALIBRATED,
        *,
        release_id: str = "unreleased",
        weights: FusionWeights | None = None,
        today: Callable[[], date] = date.today,
    ) -> LocalSnapshot:
        """A snapshot straight from entries, without a release: for tests and measurements."""
        passages = lay_out(entries)
        vectors = embed([passage.search_text for passage in passages])
        return cls.indexed(release_id, entries, passages, vectors, calibration, weights=weights, today=today)

    @classmethod
    def indexed(
        cls,
        release_id: str,
        entries: Sequence[Entry],
        passages: Sequence[Passage],
        vectors: FloatArray,
        calibration: Calibration = UNCALIBRATED,
        *,
        weights: FusionWeights | None = None,
        today: Callable[[], date] = date.today,
    ) -> LocalSnapshot:
        """A snapshot whose indices are made here, from passages in the order of `lay_out`."""
        searched = [passage.search_text for passage in passages if passage.view is not View.SENTENCE]
        return cls(
            release_id,
            entries,
            passages,
            vectors,
            DenseIndex.build(vectors[: len(searched)]),
            LexicalIndex.build(searched),
            calibration,
            weights=weights,
            today=today,
        )

    def calibrated(self, calibration: Calibration) -> LocalSnapshot:
        """The same snapshot, sharing its arrays, with another calibration."""
        other = copy(self)
        other.calibration = calibration
        return other

    @property
    def dense(self) -> DenseIndex:
        return self._dense

    @property
    def lexical(self) -> LexicalIndex:
        return self._lexical

    sides = _SIDES

    def rows_by_side(self) -> list[dict[str, tuple[int, int]]]:
        """For each side the rows of each entry: the first, and behind the last."""
        return [
            {name: (int(bounds[at]), int(bounds[at + 1])) for name, at in self._ordinals.items()}
            for bounds in self._bounds
        ]

    @property
    def searchable(self) -> int:
        """How many rows, from the first, are searched: all but the sentences."""
        return int(self._bounds[2][0])

    def search(self, text: str, vector: FloatArray, limit: int) -> list[Hit]:
        """See `knowledge.types.Snapshot.search`."""
        if limit <= 0 or not self._listed:
            return []
        wanted = max(_CANDIDATE_ROWS, 8 * limit)
        while True:
            found = self._nearest(text, vector, wanted)
            if len(found.ordinals) >= limit or wanted >= self.searchable:
                break
            wanted *= 4  # entries with many passages, or expired ones, took the places
        weights = self.weights if text else self.weights.by_meaning
        return self._hits(found, vector, limit, weights) if len(found.ordinals) else []

    def _nearest(self, text: str, vector: FloatArray, wanted: int) -> Signals:
        """The signals of the servable entries that own the `wanted` best rows."""

        def measured() -> Signals:
            lexical = self._lexical.scores(text)
            ordinals = self._servable(self._candidates(vector, lexical, wanted))
            return self._measure(ordinals, vector, lexical) if len(ordinals) else _NOTHING

        return self._recent.get((text, vector.tobytes(), wanted, self._today()), measured)

    def asked(self, text: str) -> Hit | None:
        """See `knowledge.types.Snapshot.asked`."""
        key = question_key(text)
        asking = self._servable(np.array(self._questions.get(key, []) if key else [], dtype=np.int64))
        if len(asking) != 1:  # passages below one heading are told apart by what else is asked
            return None
        ordinal = int(asking[0])
        passage = self.passages[int(self._bounds[0][ordinal])]
        return Hit(self._listed[ordinal], passage, 1.0, 1.0, 1.0, 1.0)

    def signals(self, text: str, vector: FloatArray) -> Signals:
        """The signals of every entry, expired ones too, in the order of `entries`: for calibration."""
        everything = np.arange(len(self._listed), dtype=np.int64)
        return self._measure(everything, vector, self._lexical.scores(text))

    def nearness(self, entry_id: str, vectors: FloatArray) -> FloatArray:
        """See `knowledge.types.Snapshot.nearness`."""
        ordinal = self._ordinals[entry_id]
        sides = [self.vectors[bounds[ordinal] : bounds[ordinal + 1]] for bounds in self._bounds[:2]]
        return np.asarray((np.vstack(sides) @ vectors.T).max(axis=0))

    def sentences(self, entry_id: str) -> tuple[Sequence[Passage], FloatArray]:
        """See `knowledge.types.Snapshot.sentences`."""
        ordinal = self._ordinals[entry_id]
        start, end = self._bounds[2][ordinal], self._bounds[2][ordinal + 1]
        return self.passages[start:end], self.vectors[start:end]

    def _side_bounds(self, side: frozenset[View]) -> NDArray[np.int64]:
        """Where each entry's rows of one side begin, and behind them where the last one's end. Raises
        `ValueError` where the rows are not in the order of `lay_out`."""
        rows = np.flatnonzero([passage.view in side for passage in self.passages])
        start = int(rows[0]) if len(rows) else 0
        owners = self._owners[rows]
        if len(rows) and (rows[-1] - start + 1 != len(rows) or (np.diff(owners) < 0).any()):
            raise ValueError("the passages of the release are not in order")
        bounds = start + np.searchsorted(owners, np.arange(len(self._listed) + 1))
        if (np.diff(bounds) == 0).any():
            raise ValueError("an entry of the release has no passages")
        return bounds

    def _candidates(self, vector: FloatArray, lexical: FloatArray, wanted: int) -> NDArray[np.int64]:
        """Ordinals of the entries that own the best rows, by cosine or by words."""
        count = min(wanted, self.searchable)
        by_words = np.argpartition(-lexical, count // 4)[: count // 4] if count < len(lexical) else ()
        rows = np.concatenate([self._dense.nearest(vector, count), np.asarray(by_words, dtype=np.int64)])
        return np.unique(self._owners[rows])

    def _servable(self, ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
        return ordinals[self._last_days[ordinals] >= self._today().toordinal()]

    def _measure(self, ordinals: NDArray[np.int64], vector: FloatArray, lexical: FloatArray) -> Signals:
        asked, asked_firsts = _rows_of(self._bounds[0], ordinals)
        told, told_firsts = _rows_of(self._bounds[1], ordinals)
        cosines = self._cosines(asked, vector)
        by_words = np.maximum.reduceat(lexical[told], told_firsts)
        return Signals(
            ordinals,
            question_cosine=np.maximum.reduceat(cosines, asked_firsts),
            wording_cosine=evened(cosines, asked_firsts),
            answer_cosine=np.maximum.reduceat(self._cosines(told, vector), told_firsts),
            lexical=np.maximum(evened(lexical[asked], asked_firsts), by_words),
        )

    def _cosines(self, rows: NDArray[np.int64], vector: FloatArray) -> FloatArray:
        together = len(rows) and rows[-1] - rows[0] + 1 == len(rows)  # a slice is read in place
        measured = self.vectors[rows[0] : rows[-1] + 1] if together else self.vectors[rows]
        cosines: FloatArray = (measured @ vector).clip(-1, 1)
        return cosines

    def fused(self, signals: Signals) -> FloatArray:
        """The score of each entry that was measured, shape (entries,)."""
        return self.weights.fuse(signals.wording_cosine, signals.answer_cosine, signals.lexical)

    def _hits(self, signals: Signals, vector: FloatArray, limit: int, weights: FusionWeights) -> list[Hit]:
        scores = weights.fuse(signals.wording_cosine, signals.answer_cosine, signals.lexical)
        best_first = [int(i) for i in np.argsort(-scores, kind="stable")]
        return [
            Hit(
                entry=self._listed[signals.ordinals[i]],
                passage=self._best_passage(signals, i, vector),
                score=float(scores[i]),
                question_cosine=float(signals.question_cosine[i]),
                answer_cosine=float(signals.answer_cosine[i]),
                lexical=float(signals.lexical[i]),
            )
            for i in self._once(best_first, signals.ordinals)[:limit]
        ]

    def _once(self, places: list[int], ordinals: NDArray[np.int64]) -> list[int]:
        """Of entries that translate each other the first alone: they are one answer."""
        if not self._has_translations:
            return places
        first: dict[str, int] = {}
        for i in places:
            entry = self._listed[ordinals[i]]
            first.setdefault(entry.translation_of or entry.id, i)
        return list(first.values())

    def _best_passage(self, signals: Signals, i: int, vector: FloatArray) -> Passage:
        """The passage nearest to the query on the nearer side of the entry."""
        bounds = self._bounds[0 if signals.question_cosine[i] >= signals.answer_cosine[i] else 1]
        ordinal = signals.ordinals[i]
        start, end = int(bounds[ordinal]), int(bounds[ordinal + 1])
        nearest = start + int(np.argmax(self.vectors[start:end] @ vector))
        return self.passages[nearest]


def _last_day(entry: Entry) -> int:
    """The last day on which the entry may be given, as an ordinal that compares with today's."""
    if entry.status is not EntryStatus.APPROVED:
        return 0
    return (entry.valid_until or date.max).toordinal()


def _rows_of(
    bounds: NDArray[np.int64], ordinals: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of some entries one after the other, and where in that list each entry's begin."""
    lengths = bounds[ordinals + 1] - bounds[ordinals]
    firsts = np.cumsum(lengths) - lengths
    return np.repeat(bounds[ordinals] - firsts, lengths) + np.arange(lengths.sum()), firsts
