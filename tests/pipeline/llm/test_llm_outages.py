"""The adapter for language models: servers that fail, hang or are gone, and how much is asked of
them at once."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.errors import ModelUnavailable
from pipeline.llm.breaker import BreakerState, CircuitBreaker
from pipeline.llm.client import ChatServer, OpenAIChatModel
from pipeline.llm.retrying import Backoff
from pipeline.llm.usage import TurnBudget
from tests.openai_server import (
    MODEL,
    Behaviour,
    cut_off,
    fails,
    hangs,
    rate_limited,
    says,
    serving_llm,
)
from tests.pipeline.llm.llm_calls import YES, judged, model_of, until, written


@pytest.mark.parametrize(
    "fault",
    [
        rate_limited(),
        rate_limited(after_s=0.05),
        fails(500),
        fails(503),
        cut_off(""),
        says("", body="<html>a proxy</html>"),
        says("", body='{"error": null}'),
    ],
)
async def test_a_passing_fault_is_tried_again(fault: Behaviour, budget: TurnBudget) -> None:
    with serving_llm(fault, fault, YES) as server:
        async with model_of(server) as model:
            assert (await judged(model, budget)).verdict == "yes"
    (call,) = budget.unbooked
    assert (call.retries, call.outcome, len(server.asked)) == (2, "ok", 3)
    assert len(server.connections) <= 3


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (fails(500), 3),
        (fails(401, "wrong key"), 1),
        (fails(404, "no such model"), 1),
        (rate_limited(after_s=60), 1),
        (fails(429, "no money", **{"x-should-retry": "false"}), 1),
    ],
)
async def test_a_lasting_fault_is_unavailability(fault: Behaviour, requests: int, budget: TurnBudget) -> None:
    with serving_llm(fault) as server:
        async with model_of(server, CircuitBreaker(failures=10)) as model:
            with pytest.raises(ModelUnavailable):
                await judged(model, budget)
            with pytest.raises(ModelUnavailable):
                await written(model, budget)
    assert len(server.asked) == 2 * requests
    assert [call.outcome for call in budget.unbooked] == ["unavailable"] * 2
    assert [call.prompt_tokens for call in budget.unbooked] == [0, 0]


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_hanging_server_costs_no_more_than_the_time_set(where: str, budget: TurnBudget) -> None:
    with serving_llm(hangs(where)) as server:
        async with model_of(server, timeout_s=1.5, idle_s=0.25) as model:
            with pytest.raises(ModelUnavailable, match="nothing came"):
                await judged(model, budget)
            with pytest.raises(ModelUnavailable, match="nothing came"):
                await written(model, budget)
        await until(lambda: server.left == len(server.asked))
    assert len(server.asked) >= 3, "a stream that does not begin is tried again"
    assert [call.outcome for call in budget.unbooked] == ["unavailable"] * 2


async def test_nothing_listens() -> None:
    model = OpenAIChatModel(ChatServer(MODEL, lambda: "http://127.0.0.1:9/v1", backoff=Backoff(0.01, 0.01)))
    with pytest.raises(ModelUnavailable, match="connection failed"):
        await judged(model)
    await model.close()


async def test_cancelling_a_call_ends_the_request(budget: TurnBudget) -> None:
    with serving_llm(hangs()) as server:
        async with model_of(server) as model:
            task = asyncio.create_task(judged(model, budget))
            await until(lambda: len(server.asked) == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: server.left == 1)
            assert model.state is BreakerState.CLOSED
    assert [call.outcome for call in budget.unbooked] == ["left"]


async def test_no_more_than_so_many_calls_at_once() -> None:
    with serving_llm(hangs()) as server:
        async with model_of(server, concurrency=2) as model, asyncio.TaskGroup() as group:
            tasks = [group.create_task(judged(model)) for _ in range(4)]
            await until(lambda: len(server.asked) == 2)
            await asyncio.sleep(0.2)
            assert len(server.asked) == 2
            for task in tasks[:2]:
                task.cancel()
            await until(lambda: len(server.asked) == 4)
            for task in tasks[2:]:
                task.cancel()


async def test_a_call_does_not_wait_for_a_slot_for_ever() -> None:
    with serving_llm(hangs()) as server:
        async with model_of(server, concurrency=1, timeout_s=1.0) as model:
            results = await asyncio.gather(*(judged(model) for _ in range(2)), return_exceptions=True)
    assert all(isinstance(result, ModelUnavailable) for result in results)


async def test_connections_are_used_again() -> None:
    with serving_llm(lambda asked: says("Open.") if asked.streamed else YES) as server:
        async with model_of(server) as model:
            model.prepare()
            for _ in range(3):
                await judged(model)
                await written(model)
    assert len(server.asked) == 6 and len(server.connections) == 1


async def test_a_model_that_keeps_failing_is_left_alone_for_a_while(budget: TurnBudget) -> None:
    now = 0.0
    breaker = CircuitBreaker(failures=2, rest_s=10.0, clock=lambda: now)
    with serving_llm(fails(500), fails(500), YES) as server:
        async with model_of(server, breaker, retries=0) as model:
            for _ in range(4):
                with pytest.raises(ModelUnavailable):
                    await judged(model, budget)
            assert len(server.asked) == 2
            now = 10.0
            assert (await judged(model, budget)).verdict == "yes"
            assert model.state is BreakerState.CLOSED
    assert len(budget.unbooked) == 3, "a call that was not made is not accounted for"
