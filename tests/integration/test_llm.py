"""The adapter for language models, against a real HTTP server that does what a script says."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from pipeline.circuit_breaker import BreakerState, CircuitBreaker
from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm import ChatServer, OpenAIChatModel
from pipeline.prompting import Prompt
from pipeline.retrying import Backoff
from pipeline.running_call import Prices
from pipeline.types import Message, Role
from pipeline.usage import ModelCall, account
from tests.openai_server import (
    MODEL,
    Asked,
    Behaviour,
    ScriptedServer,
    cut_off,
    echoes,
    fails,
    hangs,
    loops,
    rate_limited,
    refuses,
    says,
    says_json,
    serving_llm,
    stops_at_limit,
    thinks,
)

PROMPT = Prompt("gate", "v1", "Judge the message.", (Message(Role.USER, "Is it on topic?"),))
YES = says_json(verdict="yes", why="it is")
GARBAGE = says("Sure! Here is the JSON: {verdict: yes}")


class Judged(BaseModel):
    verdict: Literal["yes", "no"]
    why: str = "no reason"


@asynccontextmanager
async def model_of(
    server: ScriptedServer,
    breaker: CircuitBreaker | None = None,
    **fields: Any,  # noqa: ANN401
) -> AsyncIterator[OpenAIChatModel]:
    given = {"timeout_s": 60.0, "idle_s": 60.0, "backoff": Backoff(0.01, 0.02), **fields}
    model = OpenAIChatModel(ChatServer(MODEL, lambda: server.url, **given), breaker)
    try:
        yield model
    finally:
        await model.close()


@pytest.fixture
def calls() -> list[ModelCall]:
    """The account of the turn."""
    noted: list[ModelCall] = []
    account.set(noted)
    return noted


async def judged(model: OpenAIChatModel) -> Judged:
    return await model.answer(PROMPT, Judged, 50)


async def written(model: OpenAIChatModel, max_tokens: int = 50) -> str:
    return "".join([piece async for piece in model.write(PROMPT, max_tokens)])


async def test_an_answer_is_asked_for_by_schema_and_accounted_for(calls: list[ModelCall]) -> None:
    with serving_llm(YES) as server:
        async with model_of(server, prices=Prices(prompt=2.0, completion=10.0)) as model:
            assert await judged(model) == Judged(verdict="yes", why="it is")
    (asked,) = server.asked
    assert (asked.system, asked.user, asked.body["max_tokens"]) == (
        PROMPT.system,
        PROMPT.messages[0].text,
        50,
    )
    form = asked.body["response_format"]["json_schema"]
    assert form["strict"] and form["schema"]["required"] == ["verdict", "why"]
    assert form["schema"]["additionalProperties"] is False
    (call,) = calls
    assert (call.prompt, call.version, call.model, call.outcome) == ("gate", "v1", MODEL, "ok")
    assert (call.prompt_tokens, call.completion_tokens, call.estimated) == (100, 5, False)
    assert math.isclose(call.cost, (2.0 * 100 + 10.0 * 5) / 1e6) and call.elapsed_ms > 0


async def test_what_a_server_turns_down_is_asked_for_once() -> None:
    rejects = ("json_schema", "json_object", "temperature", "max_tokens", "system")
    with serving_llm(YES, rejects=rejects) as server:
        async with model_of(server) as model:
            for _ in range(2):
                assert (await judged(model)).verdict == "yes"
    *_, first, second = server.asked
    assert len(server.asked) == 7
    assert first.body == second.body and not {"temperature", "max_tokens", "response_format"} & {*first.body}
    assert first.body["max_completion_tokens"] == 50
    assert PROMPT.system in first.user and '"verdict"' in first.user


async def test_a_json_object_is_the_second_choice_also_where_the_server_does_not_say_why() -> None:
    with serving_llm(YES, rejects=("json_schema",), names_them=False) as server:
        async with model_of(server) as model:
            assert (await judged(model)).verdict == "yes"
            assert (await judged(model)).verdict == "yes"
    assert [asked.form for asked in server.asked] == ["json_schema", "json_object", "json_object"]
    assert '"verdict"' in server.asked[-1].system


@pytest.mark.parametrize(
    ("complaint", "requests"),
    [("too many tokens", 3), ("This model's maximum context length is 4096 tokens", 1)],
)
async def test_a_refused_request_is_no_reason_to_do_without_schemas(complaint: str, requests: int) -> None:
    def too_long_at_first(asked: Asked) -> Behaviour:
        return fails(400, complaint) if "long" in asked.user else YES

    with serving_llm(too_long_at_first) as server:
        async with model_of(server) as model:
            long = Prompt("gate", "v1", "Judge.", (Message(Role.USER, "long"),))
            with pytest.raises(ModelOutputError, match=complaint):
                await model.answer(long, Judged, 50)
            assert len(server.asked) == requests
            assert (await judged(model)).verdict == "yes"
            assert model.state is BreakerState.CLOSED
    assert server.asked[-1].form == "json_schema"


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"verdict": "yes", "why": "it is"}\n```',
        '<think>Is it "no"? {"verdict": "no"}</think>\n{"verdict": "yes", "why": "it is"}',
        'Is it "no"?</think>{"verdict": "yes", "why": "it is"}',
    ],
)
async def test_fences_and_thoughts_are_taken_off(text: str) -> None:
    with serving_llm(says(text)) as server:
        async with model_of(server) as model:
            assert (await judged(model)).verdict == "yes"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "bad",
    [GARBAGE, says_json(verdict="maybe", why=""), says_json(why="?"), says('{"verdict": "yes"} as asked')],
)
async def test_an_answer_that_cannot_be_read_is_asked_for_once_more(
    bad: Behaviour, calls: list[ModelCall]
) -> None:
    with serving_llm(bad, YES) as server:
        async with model_of(server) as model:
            assert (await judged(model)).verdict == "yes"
    first, second = server.asked
    assert second.body["messages"][:2] == first.body["messages"]
    assert second.body["messages"][2] == {"role": "assistant", "content": bad.text}
    assert "cannot be used" in second.user
    (call,) = calls
    assert call.prompt_tokens == 200


@pytest.mark.parametrize(
    ("behaviour", "requests"),
    [
        (GARBAGE, 2),
        (echoes, 2),
        (says_json(verdict=True), 2),
        (refuses(), 1),
        (says(""), 1),
        (says("<think>hm"), 1),
        (stops_at_limit('{"verdict": "yes", "why": "it'), 1),
        (says("", finish_reason="content_filter"), 1),
        (loops(), 1),
    ],
)
async def test_an_unusable_answer_is_an_output_error(
    behaviour: Behaviour | Callable[[Asked], Behaviour], requests: int, calls: list[ModelCall]
) -> None:
    with serving_llm(behaviour) as server:
        async with model_of(server) as model:
            with pytest.raises(ModelOutputError):
                await judged(model)
            assert model.state is BreakerState.CLOSED
    assert len(server.asked) == requests
    (call,) = calls
    assert call.outcome == "unusable" and call.prompt_tokens == 100 * requests


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
async def test_a_passing_fault_is_tried_again(fault: Behaviour, calls: list[ModelCall]) -> None:
    with serving_llm(fault, fault, YES) as server:
        async with model_of(server) as model:
            assert (await judged(model)).verdict == "yes"
    (call,) = calls
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
async def test_a_lasting_fault_is_unavailability(
    fault: Behaviour, requests: int, calls: list[ModelCall]
) -> None:
    with serving_llm(fault) as server:
        async with model_of(server, CircuitBreaker(failures=10)) as model:
            with pytest.raises(ModelUnavailable):
                await judged(model)
            with pytest.raises(ModelUnavailable):
                await written(model)
    assert len(server.asked) == 2 * requests
    assert [call.outcome for call in calls] == ["unavailable"] * 2
    assert [call.prompt_tokens for call in calls] == [0, 0]


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_hanging_server_costs_no_more_than_the_time_set(where: str, calls: list[ModelCall]) -> None:
    with serving_llm(hangs(where)) as server:
        async with model_of(server, timeout_s=3.0, idle_s=0.5) as model:
            with pytest.raises(ModelUnavailable, match="nothing came"):
                await judged(model)
            with pytest.raises(ModelUnavailable, match="nothing came"):
                await written(model)
        await until(lambda: server.left == len(server.asked))
    assert len(server.asked) >= 3, "a stream that does not begin is tried again"
    assert [call.outcome for call in calls] == ["unavailable"] * 2


async def test_nothing_listens() -> None:
    model = OpenAIChatModel(ChatServer(MODEL, lambda: "http://127.0.0.1:9/v1", backoff=Backoff(0.01, 0.01)))
    with pytest.raises(ModelUnavailable, match="connection failed"):
        await judged(model)
    await model.close()


async def test_text_comes_in_pieces_while_it_is_written(calls: list[ModelCall]) -> None:
    with serving_llm(says("The bridge is open. It is free.", pace_s=0.01)) as server:
        async with model_of(server) as model:
            pieces = [piece async for piece in model.write(PROMPT, 50)]
    assert "".join(pieces) == "The bridge is open. It is free." and len(pieces) > 5
    (call,) = calls
    assert (call.prompt_tokens, call.completion_tokens, call.estimated) == (100, 7, False)


async def test_usage_is_estimated_where_the_server_tells_none(calls: list[ModelCall]) -> None:
    with serving_llm(says("The bridge is open."), rejects=("stream_options",)) as server:
        async with model_of(server) as model:
            for _ in range(2):
                assert await written(model) == "The bridge is open."
    assert [("stream_options" in asked.body) for asked in server.asked] == [True, False, False]
    assert calls[0].estimated and calls[0].completion_tokens == 5
    with serving_llm(says('{"verdict": "no", "why": ""}', usage=False)) as server:
        async with model_of(server) as model:
            await judged(model)
    assert calls[-1].estimated and calls[-1].prompt_tokens > 5


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
    behaviour: Behaviour, begins: str, error: type[Exception], calls: list[ModelCall]
) -> None:
    with serving_llm(behaviour) as server:
        async with model_of(server, idle_s=1.0 if behaviour.hang else 60.0) as model:
            pieces: list[str] = []
            with pytest.raises(error):
                async for piece in model.write(PROMPT, 20):
                    pieces.append(piece)
    assert "".join(pieces).startswith(begins)
    (call,) = calls
    assert call.outcome == ("unavailable" if error is ModelUnavailable else "unusable")
    assert call.prompt_tokens > 0, "what was written has to be paid"


async def test_a_stream_whose_end_hangs_is_whole() -> None:
    with serving_llm(hangs("end", "Open.")) as server:
        async with model_of(server) as model:
            assert await written(model) == "Open."


async def test_leaving_a_stream_ends_the_request(calls: list[ModelCall]) -> None:
    with serving_llm(loops(), says("Open.")) as server:
        async with model_of(server, concurrency=1) as model:
            async with aclosing(model.write(PROMPT, 10_000)) as text:  # type: ignore[type-var]
                assert await anext(text)
            await until(lambda: server.left == 1)
            assert await written(model) == "Open.", "its slot is free again"
    assert [call.outcome for call in calls] == ["left", "ok"]
    assert calls[0].estimated and calls[0].completion_tokens > 0


async def test_cancelling_a_call_ends_the_request(calls: list[ModelCall]) -> None:
    with serving_llm(hangs()) as server:
        async with model_of(server) as model:
            task = asyncio.create_task(judged(model))
            await until(lambda: len(server.asked) == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: server.left == 1)
            assert model.state is BreakerState.CLOSED
    assert [call.outcome for call in calls] == ["left"]


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


async def test_a_model_that_keeps_failing_is_left_alone_for_a_while(calls: list[ModelCall]) -> None:
    now = 0.0
    breaker = CircuitBreaker(failures=2, rest_s=10.0, clock=lambda: now)
    with serving_llm(fails(500), fails(500), YES) as server:
        async with model_of(server, breaker, retries=0) as model:
            for _ in range(4):
                with pytest.raises(ModelUnavailable):
                    await judged(model)
            assert len(server.asked) == 2
            now = 10.0
            assert (await judged(model)).verdict == "yes"
            assert model.state is BreakerState.CLOSED
    assert len(calls) == 3, "a call that was not made is not accounted for"


async def test_a_stream_that_breaks_off_counts_as_a_failure() -> None:
    breaker = CircuitBreaker(failures=1, clock=lambda: 0.0)
    with serving_llm(cut_off("The bri")) as server:
        async with model_of(server, breaker) as model:
            with pytest.raises(ModelUnavailable, match="connection failed"):
                await written(model)
            assert model.state is BreakerState.OPEN


@pytest.mark.parametrize(
    ("behaviour", "probability"),
    [
        (says("Yes", chances={"Yes": -0.1, " yes": -3.0, "No": -3.0}), 0.950),
        (says("No", chances={"No": -0.05, "Yes": -3.5}), 0.031),
        (says("**Yes**"), 1.0),
        (says("no."), 0.0),
    ],
)
async def test_yes_has_a_probability(behaviour: Behaviour, probability: float) -> None:
    with serving_llm(behaviour) as server:
        async with model_of(server) as model:
            assert math.isclose(await model.yes(PROMPT), probability, abs_tol=0.001)
    assert server.asked[0].body["logprobs"] is True


async def test_neither_yes_nor_no_is_an_output_error() -> None:
    with serving_llm(says("Well", chances={"Well": -0.1, "Yes": -4.0}), rejects=("logprobs",)) as server:
        async with model_of(server) as model:
            with pytest.raises(ModelOutputError):
                await model.yes(PROMPT)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in the server's thread
            await asyncio.sleep(0.01)
