"""One immutable release in memory, searchable from any thread without a lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from knowledge.fusion import FusionWeights
from knowledge.types import Calibration, Entry, FloatArray, Hit, Passage


class LocalSnapshot:
    """Implements `knowledge.types.Snapshot` with FAISS and BM25 in this process.

    `passages` and the rows of `vectors` (unit, float32, shape (passages, dimension)) correspond."""

    release_id: str
    entries: Mapping[str, Entry]
    calibration: Calibration
    passages: Sequence[Passage]
    vectors: FloatArray

    @classmethod
    def of(
        cls,
        entries: Sequence[Entry],
        embed: Callable[[Sequence[str]], FloatArray],
        calibration: Calibration,
        *,
        release_id: str = "unreleased",
        weights: FusionWeights | None = None,
        today: Callable[[], date] = date.today,
    ) -> LocalSnapshot:
        """A snapshot straight from entries, without a release: for tests and measurements."""
        raise NotImplementedError

    def search(self, text: str, vector: FloatArray, limit: int) -> list[Hit]:
        """See `knowledge.types.Snapshot.search`."""
        raise NotImplementedError

    def sentences(self, entry_id: str) -> tuple[Sequence[Passage], FloatArray]:
        """See `knowledge.types.Snapshot.sentences`."""
        raise NotImplementedError
