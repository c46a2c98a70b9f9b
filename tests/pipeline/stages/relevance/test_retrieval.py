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
from tests.pipeline.judging import Bridge, BridgeSnapshot


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
