"""The adapter for language models, against a real HTTP server that does what a script says: answers of a
given shape."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from pipeline.errors import ModelOutputError
from pipeline.llm.breaker import BreakerState
from pipeline.llm.prompting import Prompt
from pipeline.llm.running_call import Prices
from pipeline.llm.usage import TurnBudget
from pipeline.types import Message, Role
from tests.openai_server import (
    MODEL,
    Asked,
    Behaviour,
    echoes,
    fails,
    loops,
    refuses,
    says,
    says_json,
    serving_llm,
    stops_at_limit,
)
from tests.pipeline.llm.llm_calls import PROMPT, YES, Judged, judged, model_of

GARBAGE = says("Sure! Here is the JSON: {verdict: yes}")


async def test_an_answer_is_asked_for_by_schema_and_accounted_for(budget: TurnBudget) -> None:
    with serving_llm(YES) as server:
        async with model_of(server, prices=Prices(prompt=2.0, completion=10.0)) as model:
            assert await judged(model, budget) == Judged(verdict="yes", why="it is")
    (asked,) = server.asked
    assert (asked.system, asked.user, asked.body["max_tokens"]) == (
        PROMPT.system,
        PROMPT.messages[0].text,
        50,
    )
    form = asked.body["response_format"]["json_schema"]
    assert form["strict"] and form["schema"]["required"] == ["verdict", "why"]
    assert form["schema"]["additionalProperties"] is False
    (call,) = budget.unbooked
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
    bad: Behaviour, budget: TurnBudget
) -> None:
    with serving_llm(bad, YES) as server:
        async with model_of(server) as model:
            assert (await judged(model, budget)).verdict == "yes"
    first, second = server.asked
    assert second.body["messages"][:2] == first.body["messages"]
    assert second.body["messages"][2] == {"role": "assistant", "content": bad.text}
    assert "cannot be used" in second.user
    (call,) = budget.unbooked
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
    behaviour: Behaviour | Callable[[Asked], Behaviour], requests: int, budget: TurnBudget
) -> None:
    with serving_llm(behaviour) as server:
        async with model_of(server) as model:
            with pytest.raises(ModelOutputError):
                await judged(model, budget)
            assert model.state is BreakerState.CLOSED
    assert len(server.asked) == requests
    (call,) = budget.unbooked
    assert call.outcome == "unusable" and call.prompt_tokens == 100 * requests


@pytest.mark.parametrize(
    ("behaviour", "probability"),
    [
        (says("Yes", chances={"Yes": -0.1, " yes": -3.0, "No": -3.0}), 0.950),
        (says("No", chances={"No": -0.05, "Yes": -3.5}), 0.031),
        (says("**Yes**"), 1.0),
        (says("no."), 0.0),
        (says("", body='{"choices": [{"message": {"content": "Yes"}, "logprobs": ["Yes", -0.1]}]}'), 1.0),
        (says("No", chances={"No": 1e9}), 0.0),
    ],
)
async def test_yes_has_a_probability(behaviour: Behaviour, probability: float) -> None:
    with serving_llm(behaviour) as server:
        async with model_of(server) as model:
            assert math.isclose(await model.yes(PROMPT), probability, abs_tol=0.001)
    (asked,) = server.asked
    assert asked.body["logprobs"] is True and asked.body["max_tokens"] == 1


@pytest.mark.parametrize("names_them", [True, False])
async def test_without_logprobs_a_yes_is_a_yes(names_them: bool) -> None:
    with serving_llm("Yes", rejects=("logprobs",), names_them=names_them) as server:
        async with model_of(server) as model:
            assert [await model.yes(PROMPT), await model.yes(PROMPT)] == [1.0, 1.0]
            assert model.lacks == ("logprobs",)
    assert len(server.asked) == 3, "what a server turned down is not asked for again"


async def test_neither_yes_nor_no_is_an_output_error() -> None:
    with serving_llm(says("Well", chances={"Well": -0.1, "Yes": -4.0}), rejects=("logprobs",)) as server:
        async with model_of(server) as model:
            with pytest.raises(ModelOutputError):
                await model.yes(PROMPT)
