from __future__ import annotations

import pytest

from app.compose.adapters import ServingKnowledge, pinned_to
from knowledge.releases.releases import LiveRelease
from pipeline.errors import RetrievalFailed
from tests.fakes import snapshot


def test_a_turn_keeps_the_release_it_began_with() -> None:
    live = LiveRelease(snapshot(release_id="r1"))
    knowledge = ServingKnowledge(live)
    with knowledge.pinned():
        live.swap(snapshot(release_id="r2"))
        assert knowledge.current.release_id == "r1"
    assert knowledge.current.release_id == "r2"


def test_without_a_release_there_is_nothing_to_pin() -> None:
    knowledge = ServingKnowledge(LiveRelease())
    with knowledge.pinned(), pytest.raises(RetrievalFailed):
        _ = knowledge.current


def test_a_turn_that_was_given_its_own_knowledge_keeps_to_that() -> None:
    knowledge = ServingKnowledge(LiveRelease(snapshot(release_id="live")))
    with pinned_to(snapshot(release_id="own")), knowledge.pinned():
        assert knowledge.current.release_id == "own"
    assert knowledge.current.release_id == "live"
