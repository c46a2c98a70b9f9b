from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from knowledge.types import Hit, Logistic, Passage, View
from pipeline.errors import ModelUnavailable
from pipeline.stages.relevance_check import (
    FEATURES,
    MOST_ENTRIES,
    CalibratedRelevanceCheck,
    TrainedRelevanceCheck,
    candidate_features,
    passage_text,
)
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Evidence, Retrieved, SearchQuery
from tests.fakes import AsyncHashEncoder
from tests.unit.pipeline.judging import CALIBRATION, Bridge, BridgeSnapshot, ScriptedJudge, hit

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


SCORES = (0.9, 0.8, 0.3, 0.2, 0.2, 0.2, 0.2)
HITS = tuple(hit(f"e{number}", score) for number, score in enumerate(SCORES))
PAIR_ALONE = Logistic({"pair": 1.0}, 0.0)


def logits(*values: float) -> dict[str | tuple[str, str], float]:
    """By what the model reads of the first hits."""
    return {passage_text(hit): value for hit, value in zip(HITS, values, strict=False)}


async def trained(
    judge: ScriptedJudge,
    model: Logistic = PAIR_ALONE,
    thresholds: JudgeThresholds | None = None,
    query: SearchQuery = QUERY,
    hits: tuple[Hit, ...] = HITS,
) -> Evidence:
    knowledge = Bridge(BridgeSnapshot())
    return await TrainedRelevanceCheck(AsyncHashEncoder(), knowledge, judge, model, thresholds)(
        query, Retrieved(hits)
    )


async def test_the_first_candidates_are_read_with_the_query_in_one_batch() -> None:
    judge = ScriptedJudge(logits(2.0))
    evidence = await trained(judge)

    assert judge.calls == [[(QUERY.text, f"What about e{n}? This is e{n}.") for n in range(5)]]
    assert [entry_id for entry_id, _ in evidence.judged] == ["e0", "e1", "e2", "e3", "e4"]


async def test_the_model_ranks_the_candidates_anew() -> None:
    evidence = await trained(ScriptedJudge(logits(-3.0, -4.0, 3.0, 1.9)))

    assert accepted(evidence) == ["e2", "e3"]
    assert evidence.accepted[0].probability == pytest.approx(1 / (1 + math.exp(-3.0)))
    assert [entry_id for entry_id, _ in evidence.judged] == ["e2", "e3", "e0", "e1", "e4"]


async def test_what_the_model_denies_is_a_no_however_well_it_was_found() -> None:
    assert not await trained(ScriptedJudge(logits(-1.0, -1.0, -1.0)))
    assert not await trained(ScriptedJudge(), hits=())


async def test_what_only_another_wording_found_has_to_convince_more() -> None:
    judge = ScriptedJudge(logits(1.0))
    assert await trained(judge)
    assert not await trained(judge, query=replace(QUERY, retry=True))


async def test_rivals_are_nearly_as_probable_and_at_most_two() -> None:
    assert accepted(await trained(ScriptedJudge(logits(2.0, 0.4, 0.6)))) == ["e0", "e2"]
    assert accepted(await trained(ScriptedJudge(logits(1.0, -1.0)))) == ["e0"]
    wide = JudgeThresholds(trained_margin=9.0, trained_rival=0.0)
    everything = await trained(ScriptedJudge(logits(2.0, 1.0, 0.0, -1.0)), thresholds=wide)
    assert len(everything.accepted) == MOST_ENTRIES


async def test_an_outage_of_the_model_is_told() -> None:
    with pytest.raises(ModelUnavailable):
        await trained(ScriptedJudge(error=ModelUnavailable("out of order")))


def test_the_features_of_the_candidates() -> None:
    vector = np.zeros(0, dtype=np.float32)
    rows = candidate_features(HITS, CALIBRATION, vector, [1.0, 4.0, -2.0])

    assert [set(row) for row in rows] == [FEATURES] * 3
    assert [row["pair"] for row in rows] == [1.0, 4.0, -2.0]
    assert [row["pair_lead"] for row in rows] == [-3.0, 3.0, -6.0]
    assert [row["score_lead"] for row in rows] == pytest.approx([0.1, -0.1, -0.6])
    assert rows[0]["lexical"] == rows[0]["question_cosine"] == rows[0]["answer_cosine"] == 0.9
    assert rows[0]["background"] == CALIBRATION.features(SCORES, vector)["background"]


async def test_the_base_feature_is_the_calibrated_judgement() -> None:
    """Weighed alone, it gives what the other engine gives."""
    evidence = await trained(ScriptedJudge(), Logistic({"base": 1.0}, 0.0))
    calibrated = await check(*SCORES)

    assert dict(evidence.judged) == pytest.approx(dict(calibrated.judged[:5]), abs=1e-5)


def test_a_candidate_that_is_alone_leads_by_nothing() -> None:
    (row,) = candidate_features(HITS[:1], CALIBRATION, np.zeros(0, dtype=np.float32), [3.0])
    assert row["pair_lead"] == row["score_lead"] == 0.0


def test_of_a_long_answer_the_piece_that_was_found_is_read() -> None:
    piece = Passage("e0", View.CHUNK, "A later piece.", 0, 14, context="What about e0?")
    assert passage_text(replace(HITS[0], passage=piece)) == "What about e0? A later piece."
    assert passage_text(HITS[0]) == "What about e0? This is e0."
