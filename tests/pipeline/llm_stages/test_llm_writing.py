"""The adapter for language models: text that comes while it is written, and how it ends."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import aclosing
from types import AsyncGeneratorType

import pytest

from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm.breaker import BreakerState, CircuitBreaker
from pipeline.llm.usage import TurnBudget
from tests.openai_server import (
    Behaviour,
    cut_off,
    hangs,
    loops,
    refuses,
    says,
    serving_llm,
    stops_at_limit,
    thinks,
)
from tests.pipeline.llm.llm_calls import PROMPT, judged, model_of, until, written


async def test_text_comes_in_pieces_while_it_is_written(budget: TurnBudget) -> None:
    with serving_llm(says("The bridge is open. It is free.", pace_s=0.01)) as server:
        async with model_of(server) as model:
            pieces = [piece async for piece in model.write(PROMPT, 50, budget)]
    assert "".join(pieces) == "The bridge is open. It is free." and len(pieces) > 5
    (call,) = budget.unbooked
    assert (call.prompt_tokens, call.completion_tokens, call.estimated) == (100, 7, False)


async def test_usage_is_estimated_where_the_server_tells_none(budget: TurnBudget) -> None:
    with serving_llm(says("The bridge is open."), rejects=("stream_options",)) as server:
        async with model_of(server) as model:
            for _ in range(2):
                assert await written(model, budget) == "The bridge is open."
    assert [("stream_options" in asked.body) for asked in server.asked] == [True, False, False]
    assert budget.unbooked[0].estimated and budget.unbooked[0].completion_tokens == 5
    with serving_llm(says('{"verdict": "no", "why": ""}', usage=False)) as server:
        async with model_of(server) as model:
            await judged(model, budget)
    assert budget.unbooked[-1].estimated and budget.unbooked[-1].prompt_tokens > 5


async def test_thoughts_are_not_streamed() -> None:
    with serving_llm(thinks("The user wants < a bridge >", "It is <b>open</b>.")) as server:
        async with model_of(server) as model:
            assert await written(model) == "It is <b>open</b>."


@pytest.mark.parametrize(
    ("behaviour", "begins", "error"),
    [
        (cut_off("The bridge is op"), "The bridge is op", ModelUnavailable),
        (hangs("midway", "The bridge is op"), "The bridge is op", ModelUnavailable),
        (stops_at_limit("The bridge is op"), "The bridge is op", ModelOutputError),
        (refuses(), "", ModelOutputError),
        (says(""), "", ModelOutputError),
        (says("<think>for ever"), "", ModelOutputError),
        (says("They ask for a bridge.</think>Open."), "They ask for a bridge.", ModelOutputError),
        (says("The", finish_reason=None), "The", ModelUnavailable),
        (loops("on and "), "on and on and ", ModelOutputError),
    ],
)
async def test_a_text_that_does_not_end_well_raises(
    behaviour: Behaviour, begins: str, error: type[Exception], budget: TurnBudget
) -> None:
    with serving_llm(behaviour) as server:
        async with model_of(server, idle_s=1.0 if behaviour.hang else 60.0) as model:
            pieces: list[str] = []
            with pytest.raises(error):
                async for piece in model.write(PROMPT, 20, budget):
                    pieces.append(piece)
    assert "".join(pieces).startswith(begins)
    (call,) = budget.unbooked
    assert call.outcome == ("unavailable" if error is ModelUnavailable else "unusable")
    assert call.prompt_tokens > 0, "what was written has to be paid"


async def test_a_stream_whose_end_hangs_is_whole() -> None:
    with serving_llm(hangs("end", "Open.")) as server:
        async with model_of(server) as model:
            assert await written(model) == "Open."


@pytest.mark.parametrize(
    "behaviour",
    [
        refuses(),
        stops_at_limit("The bridge is op"),
        loops("on and "),
        says("", body="data: {oops\n\n"),
        says("", body='data: {"error": {"message": "no room"}}\n\n'),
    ],
)
async def test_nothing_of_a_stream_left_early_waits_for_the_garbage_collector(behaviour: Behaviour) -> None:
    with serving_llm(behaviour) as server:
        async with model_of(server) as model:
            gc.freeze()  # what was there before is not looked at: `get_objects` leaves it out
            gc.disable()
            try:
                with pytest.raises((ModelOutputError, ModelUnavailable)):
                    await written(model)
                await until(lambda: not [*_left()])
            finally:
                gc.enable()
                gc.unfreeze()


def _left() -> Iterator[AsyncGeneratorType[object, object]]:
    """Streams and responses that are not at their end."""
    for each in gc.get_objects():
        if type(each) is AsyncGeneratorType and each.ag_frame and re.search("Stream|Resp", each.__qualname__):
            yield each


async def test_leaving_a_stream_ends_the_request(budget: TurnBudget) -> None:
    with serving_llm(loops(), says("Open.")) as server:
        async with model_of(server, concurrency=1) as model:
            async with aclosing(model.write(PROMPT, 10_000, budget)) as text:  # type: ignore[type-var]
                assert await anext(text)
            await until(lambda: server.left == 1)
            assert await written(model, budget) == "Open.", "its slot is free again"
    assert [call.outcome for call in budget.unbooked] == ["left", "ok"]
    assert budget.unbooked[0].estimated and budget.unbooked[0].completion_tokens > 0


async def test_a_stream_that_breaks_off_counts_as_a_failure() -> None:
    breaker = CircuitBreaker(failures=1, clock=lambda: 0.0)
    with serving_llm(cut_off("The bri")) as server:
        async with model_of(server, breaker) as model:
            with pytest.raises(ModelUnavailable, match="connection failed"):
                await written(model)
            assert model.state is BreakerState.OPEN
