"""What fails, takes over, breaks off: never an answer that nothing stands for."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import ModelOutputError, ModelUnavailable, RetrievalFailed
from pipeline.turn import (
    Retrieved,
    SearchQuery,
    Sentence,
)
from pipeline.types import Outcome
from tests.fakes import ScriptedStage
from tests.pipeline.scripted_chain import (
    QUERY,
    SUPPORTED,
    Chain,
    Composer,
    Live,
    evidence,
)


async def test_a_broken_rewrite_leaves_the_message_and_says_so_in_the_trace() -> None:
    chain = Chain(rewriter=ScriptedStage(ModelOutputError("nonsense")))
    await chain.run("raw words")
    assert chain.retrieval.calls[0][0] == SearchQuery("raw words")
    assert "Degraded" in chain.steps()


async def test_an_unusable_verdict_counts_as_no() -> None:
    relevance = Chain(
        relevance=ScriptedStage(*[ModelOutputError("?")] * 3), retrieval=ScriptedStage(*[Retrieved(())] * 3)
    )
    assert (await relevance.run()).outcome is Outcome.NO_ANSWER
    grounding = Chain(grounding=ScriptedStage(ModelOutputError("?")))
    assert (await grounding.run()).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize(
    ("chain", "error"),
    [
        (Chain(gate=ScriptedStage(ModelUnavailable("down"))), ModelUnavailable),
        (Chain(retrieval=ScriptedStage(RetrievalFailed("index"))), RetrievalFailed),
        (Chain(relevance=ScriptedStage(ModelUnavailable("down"))), ModelUnavailable),
        (Chain(grounding=ScriptedStage(ModelUnavailable("down"))), ModelUnavailable),
        (Chain(live=Live(RetrievalFailed("no release"))), RetrievalFailed),
    ],
)
async def test_an_outage_is_an_error_never_no_answer(chain: Chain, error: type[Exception]) -> None:
    with pytest.raises(error):
        await chain.run()
    assert chain.said == []
    assert chain.traces.kept[0]["outcome"] is None


async def test_a_draft_that_breaks_off_keeps_what_was_said() -> None:
    chain = Chain(composer=Composer(Sentence("It does not.", (1,)), ModelOutputError("cut")))
    assert (await chain.run()).text == "It does not. [1]"


async def test_a_spare_takes_over_where_a_judge_is_out_and_the_trace_says_so() -> None:
    chain = Chain(
        relevance=ScriptedStage(ModelUnavailable("out of order")),
        grounding=ScriptedStage(ModelUnavailable("out of order")),
        spares={
            "relevance_spares": (ScriptedStage(evidence(QUERY, "dna")),),
            "grounding_spares": (ScriptedStage(SUPPORTED),),
        },
    )

    assert (await chain.run()).outcome is Outcome.ANSWERED
    degraded = [step["result"] for step in chain.traces.kept[0]["steps"] if step["step"] == "Degraded"]
    assert [note["stage"] for note in degraded] == ["relevance_check", "grounding_check"]
    assert all(note["fallback"] == "the scripted engine" for note in degraded)
    assert all("out of order" in note["reason"] for note in degraded)


@pytest.mark.parametrize("stage", ["relevance", "grounding"])
async def test_without_a_spare_or_with_one_that_is_out_too_it_is_an_outage(stage: str) -> None:
    def out() -> ScriptedStage[Any]:
        return ScriptedStage(ModelUnavailable("out of order"))

    for spares in (dict[str, Any](), {f"{stage}_spares": (out(),)}):
        chain = Chain(spares=spares)
        setattr(chain, stage, out())
        with pytest.raises(ModelUnavailable):
            await chain.run()
