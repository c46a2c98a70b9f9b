from __future__ import annotations

import math

import pytest

from pipeline.stages.relevance_check import (
    MOST_ENTRIES,
    CalibratedRelevanceCheck,
)
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Evidence, Retrieved, SearchQuery
from tests.fakes import AsyncHashEncoder
from tests.unit.pipeline.judging import CALIBRATION, Bridge, BridgeSnapshot, hit

QUERY = SearchQuery("what is the toll", alternates=("toll",))


async def check(*scores: float, thresholds: JudgeThresholds | None = None) -> Evidence:
    stage = CalibratedRelevanceCheck(AsyncHashEncoder(), Bridge(BridgeSnapshot()), thresholds)
    hits = tuple(hit(f"e{number}", score) for number, score in enumerate(scores))
    return await stage(QUERY, Retrieved(hits))


def accepted(evidence: Evidence) -> list[str]:
    return [item.hit.entry.id for item in evidence.accepted]


async def test_an_entry_that_stands_out_is_accepted_with_its_probability() -> None:
    evidence = await check(0.9, 0.3, 0.2)
    assert accepted(evidence) == ["e0"]
    answerable = CALIBRATION.relevance.probability({"score": 0.9, "lead": 0.9 - 0.25})
    share = 1 / (1 + math.exp(-20 * 0.6) + math.exp(-20 * 0.7))
    assert evidence.accepted[0].probability == pytest.approx(answerable * share)
    assert sum(dict(evidence.judged).values()) == pytest.approx(answerable)
    assert evidence.query is QUERY


async def test_entries_that_are_all_as_near_as_each_other_are_a_no() -> None:
    """On topic, wrong subject."""
    evidence = await check(0.7, 0.69, 0.69, 0.68)
    assert not evidence
    assert [entry_id for entry_id, _ in evidence.judged] == ["e0", "e1", "e2", "e3"]


async def test_a_weak_match_is_a_no_however_far_it_leads() -> None:
    assert not await check(0.5, 0.3, 0.3)


async def test_nothing_found_is_nothing_accepted() -> None:
    evidence = await check()
    assert not evidence
    assert evidence.judged == ()


async def test_another_entry_is_taken_only_close_behind_the_best() -> None:
    assert accepted(await check(0.9, 0.88, 0.78, 0.2, 0.2, 0.2)) == ["e0", "e1"]
    assert accepted(await check(0.9, 0.75, 0.2, 0.2, 0.2, thresholds=JudgeThresholds(rival=0.01))) == ["e0"]
    wide = JudgeThresholds(margin=0.15, rival=0.01)
    assert accepted(await check(0.9, 0.88, 0.78, 0.2, 0.2, 0.2, thresholds=wide)) == ["e0", "e1", "e2"]
    unlikely = JudgeThresholds(margin=0.15, rival=0.9)
    assert accepted(await check(0.9, 0.88, 0.78, 0.2, 0.2, 0.2, thresholds=unlikely)) == ["e0"]


async def test_at_most_three_entries_are_taken() -> None:
    evidence = await check(1, 1, 1, 1, 1, 0, thresholds=JudgeThresholds(relevance=0.0))
    assert len(evidence.accepted) == MOST_ENTRIES


async def test_the_line_is_where_the_threshold_says() -> None:
    probability = (await check(0.7, 0.4)).judged[0][1]
    assert await check(0.7, 0.4, thresholds=JudgeThresholds(relevance=probability - 0.01))
    assert not await check(0.7, 0.4, thresholds=JudgeThresholds(relevance=probability + 0.01))


async def test_a_single_entry_can_be_accepted() -> None:
    assert accepted(await check(0.95)) == ["e0"]
