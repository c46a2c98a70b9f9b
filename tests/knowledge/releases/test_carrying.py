"""A release made from the one before is the one that would have been made anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from knowledge.index.embedding_cache import EmbedResult
from knowledge.index.lexical import LexicalIndex
from knowledge.releases.carrying import Layout, assembled
from knowledge.releases.releases import ReleaseBuilder, Releases
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Calibration, Entry, Logistic
from tests.knowledge.releases.test_releases import (  # noqa: F401
    ENTRIES,
    embed,
    engine,
    releases,
    vectors_of,
)

CHANGED = replace(
    ENTRIES[3], answer="It is another theme now. Nobody knew subject3.", alternates=("why oh why",)
)
NEW = Entry("e3a", "What is entirely new?", "Something is. It is new.")
CASES = {
    "nothing": ENTRIES,
    "one changed": [*ENTRIES[:3], CHANGED, *ENTRIES[4:]],
    "one added": [*ENTRIES[:4], NEW, *ENTRIES[4:]],
    "one removed": ENTRIES[1:],
    "all at once": [CHANGED if entry.id == "e3" else entry for entry in [*ENTRIES[2:5], NEW, *ENTRIES[6:]]],
    "nothing kept": [NEW],
}


@pytest.mark.parametrize("case", CASES)
def test_it_equals_one_made_anew(case: str) -> None:
    listed = sorted(CASES[case], key=lambda entry: entry.id)
    previous = LocalSnapshot.of(sorted(ENTRIES, key=lambda entry: entry.id), vectors_of)
    layout = Layout.of(listed, previous)
    texts = [layout.passages[row].search_text for row in layout.fresh]
    fresh = vectors_of(texts) if texts else np.empty((0, 64), dtype=np.float32)
    carried = assembled("next", layout, fresh, previous, date.today)
    anew = LocalSnapshot.of(listed, vectors_of)
    assert dict(carried.entries) == dict(anew.entries)
    assert list(carried.passages) == list(anew.passages)
    assert np.array_equal(carried.vectors, anew.vectors)
    for query in ("subject3 and theme3", "another theme", "entirely new", "unknown words"):
        assert np.allclose(carried.lexical.scores(query), anew.lexical.scores(query), atol=1e-6)


def test_only_what_is_new_is_embedded_and_a_calibration_stays_while_little_changed(
    releases: Releases,  # noqa: F811
) -> None:
    asked: list[int] = []
    learned: list[int] = []

    def embedding(texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None) -> EmbedResult:
        asked.append(len(texts))
        return embed(texts, on_progress) if texts else EmbedResult(np.empty((0, 64), np.float32), 0, 0)

    def calibrate(snapshot: LocalSnapshot) -> Calibration:
        learned.append(len(snapshot.entries))
        return Calibration(gate=Logistic({}, float(len(learned))))

    many = [replace(ENTRIES[n % 12], id=f"m{n:03}", question=f"What of theme{n}?") for n in range(200)]
    builder = ReleaseBuilder(releases, embedding, calibrate, "one")
    _, first = builder.build(many)
    changed = [replace(many[0], question="What now?"), *many[1:]]
    _, second = builder.build(changed, previous=first)
    assert (asked, learned) == ([800, 4], [200])
    assert second.calibration == first.calibration
    _, third = builder.build([*many[4:]], previous=second)
    assert learned == [200, 196] and third.calibration != first.calibration
    _, _ = ReleaseBuilder(releases, embedding, calibrate, "another").build(many, previous=third)
    assert asked[-1] == 800  # what another version made is not continued


def test_an_index_is_read_back_as_it_was(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bm25")
    index = LexicalIndex.build(["one two three", "two three four", ""])
    index.save(folder)
    assert LexicalIndex.load(folder).scores("two four").tolist() == index.scores("two four").tolist()
