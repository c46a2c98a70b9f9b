from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pipeline.stages.relevance.relevance_check import CalibratedRelevanceCheck, decided
from pipeline.stages.relevance.thresholds import COSTS, Costs, JudgeThresholds, WhenUnsure
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery
from tests.fakes import AsyncHashEncoder
from tests.pipeline.judging import CALIBRATION, Bridge, BridgeSnapshot, hit

QUERY = SearchQuery("what is the toll", alternates=("toll",))


async def check(*scores: float, query: SearchQuery = QUERY) -> Evidence:
    stage = CalibratedRelevanceCheck(AsyncHashEncoder(), Bridge(BridgeSnapshot()))
    hits = tuple(hit(f"e{number}", score) for number, score in enumerate(scores))
    return await stage(query, Retrieved(hits))


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


async def test_where_two_are_as_near_as_each_other_both_are_offered() -> None:
    evidence = await check(0.95, 0.95, 0.2, 0.2, 0.2, 0.2)
    assert not evidence
    assert [item.hit.entry.id for item in evidence.offered] == ["e0", "e1"]


def test_what_is_done_costs_least() -> None:
    costs = JudgeThresholds(costs=Costs(nothing=2.0, other=2.0, offer=0.3, vain=0.6))
    sure, torn = [given(0.9), given(0.05)], [given(0.5), given(0.4)]
    assert decided(QUERY, sure, 0.95, costs).accepted == (sure[0],)
    assert decided(QUERY, torn, 0.9, costs).offered == tuple(torn)
    nothing = decided(QUERY, [given(0.1), given(0.1)], 0.2, costs)
    assert not nothing.accepted
    assert not nothing.offered
    alone = decided(QUERY, [given(0.6)], 0.6, costs)
    assert not alone.accepted
    assert not alone.offered, "one question is no choice"


def test_an_owner_who_wants_to_be_asked_less_gets_more_answers() -> None:
    torn = [given(0.6), given(0.35)]
    kinds = {each: decided(QUERY, torn, 0.95, JudgeThresholds(costs=COSTS[each])) for each in WhenUnsure}
    assert kinds[WhenUnsure.CAREFUL].offered
    assert kinds[WhenUnsure.DIRECT].accepted


def test_at_most_three_entries_are_offered_and_none_that_is_far_less_likely() -> None:
    costs = JudgeThresholds(costs=Costs(nothing=9.0, other=9.0, offer=0.1, vain=0.2))
    offered = decided(QUERY, [given(0.24)] * 4, 0.96, costs).offered
    assert len(offered) == 3
    assert len(decided(QUERY, [given(0.45), given(0.45), given(0.01)], 0.91, costs).offered) == 2


def given(probability: float) -> Accepted:
    return Accepted(hit("e", 0.9), probability)


@pytest.mark.parametrize("query", [replace(QUERY, retry=True), replace(QUERY, doubtful=True)])
def test_another_wording_and_a_doubtful_message_have_to_convince_more(query: SearchQuery) -> None:
    found = [given(0.79), given(0.01)]
    assert decided(QUERY, found, 0.8, JudgeThresholds()).accepted
    doubted = decided(query, found, 0.8, JudgeThresholds())
    assert not doubted.accepted
    assert doubted.offered == tuple(found)


def test_to_answer_where_nothing_does_costs_more_than_to_take_one_entry_for_another() -> None:
    near, none = [given(0.6), given(0.37)], [given(0.5), given(0.02)]
    thresholds = JudgeThresholds(costs=Costs(nothing=3.0, other=0.4))
    assert decided(QUERY, near, 0.97, thresholds).accepted
    assert not decided(QUERY, none, 0.55, thresholds).accepted


async def test_a_single_entry_can_be_accepted() -> None:
    assert accepted(await check(0.95)) == ["e0"]
