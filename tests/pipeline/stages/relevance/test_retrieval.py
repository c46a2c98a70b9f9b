from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from knowledge.types import FloatArray, Hit
from pipeline.errors import RetrievalFailed
from pipeline.stages import retrieval
from pipeline.stages.retrieval import HybridRetrieval
from pipeline.turn import SearchQuery
from tests.fakes import AsyncHashEncoder
from tests.pipeline.judging import Bridge, BridgeSnapshot, hit


@dataclass
class ThreadSnapshot(BridgeSnapshot):
    """Remembers where it was searched."""

    threads: list[int] = field(default_factory=list)

    def search(self, text: str, vector: FloatArray, limit: int) -> Sequence[Hit]:
        self.threads.append(threading.get_ident())
        return ()


async def test_the_query_itself_is_searched_within_the_limit() -> None:
    snapshot = BridgeSnapshot()
    stage = HybridRetrieval(AsyncHashEncoder(), Bridge(snapshot), limit=5)
    found = await stage(SearchQuery("the toll", alternates=("something else",)))
    assert snapshot.searched == [("the toll", 5)]
    assert [hit.entry.id for hit in found.hits] == ["bridge"]
    assert stage.engine == "specialist"


async def test_a_broken_index_is_an_outage_and_never_an_empty_result() -> None:
    stage = HybridRetrieval(AsyncHashEncoder(), Bridge(BridgeSnapshot(broken=True)))
    with pytest.raises(RetrievalFailed, match="the index is gone"):
        await stage(SearchQuery("the toll"))


async def test_a_slow_search_leaves_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = ThreadSnapshot()
    stage = HybridRetrieval(AsyncHashEncoder(), Bridge(snapshot))
    await stage(SearchQuery("the toll"))
    monkeypatch.setattr(retrieval, "QUICK_ENTRIES", -1)
    await stage(SearchQuery("the toll"))
    here = threading.get_ident()
    assert [thread == here for thread in snapshot.threads] == [True, False]


@dataclass
class TwoReadings(BridgeSnapshot):
    """Finds an entry of its own for each text, and one that fits both."""

    def search(self, text: str, vector: FloatArray, limit: int) -> Sequence[Hit]:
        own = {"and the toll? bridge": "before", "and the toll?": "other"}
        return [hit(own[text], 0.9), hit("toll", 0.8), hit("last", 0.1)][:limit]


async def test_what_leans_on_the_conversation_has_to_fit_with_its_words_and_without() -> None:
    """Words of the conversation lead back to what was answered before, those of the message anywhere."""
    stage = HybridRetrieval(AsyncHashEncoder(), Bridge(TwoReadings()), limit=3)
    query = SearchQuery("and the toll? bridge", used_history=True, own="and the toll?")
    found = (await stage(query)).hits
    assert found[0].entry.id == "toll"
    assert found[0].score == pytest.approx(0.8 + retrieval.FITS_BOTH)
    assert found[1].score == pytest.approx((0.9 + 0.1) / 2 + retrieval.FITS_BOTH), "where it is not found"
    assert len(found) == 3
