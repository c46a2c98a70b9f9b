"""What a turn may spend: calls are counted, and none outlasts the time that the fallback needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel

from pipeline.errors import ModelUnavailable
from pipeline.llm.budget import BudgetedModel
from pipeline.llm.prompting import Prompt
from pipeline.llm.usage import TurnBudget
from pipeline.ports import Answer
from tests.fakes import ScriptedModel

PROMPT = Prompt("gate", "v1", "system", ())


class Word(BaseModel):
    word: str


class Slow:
    name = "slow"
    closed = False

    async def answer(
        self, prompt: Prompt, shape: type[Answer], max_tokens: int, budget: TurnBudget | None = None
    ) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError

    async def yes(self, prompt: Prompt, budget: TurnBudget | None = None) -> float:
        await asyncio.sleep(60)
        raise AssertionError

    async def write(
        self, prompt: Prompt, max_tokens: int, budget: TurnBudget | None = None
    ) -> AsyncIterator[str]:
        try:
            yield "first"
            await asyncio.sleep(60)
        finally:
            self.closed = True


async def test_calls_are_counted_by_turn_failed_ones_too() -> None:
    model, first, second = (
        BudgetedModel(ScriptedModel('{"word": "a"}', ModelUnavailable("down"), "0.7", "text")),
        TurnBudget(),
        TurnBudget(),
    )
    assert (await model.answer(PROMPT, Word, 9, first)).word == "a"
    with pytest.raises(ModelUnavailable):
        await model.answer(PROMPT, Word, 9, first)
    assert await model.yes(PROMPT, first) == 0.7
    assert "".join([piece async for piece in model.write(PROMPT, 9, first)]) == "text"
    assert (first.begun, second.begun) == (4, 0)
    assert (first.allows(4), first.allows(5), first.allows(None)) == (False, True, True)


async def test_a_call_ends_in_time_for_the_fallback() -> None:
    slow, budget = Slow(), TurnBudget(asyncio.get_running_loop().time() + 0.05)
    with pytest.raises(ModelUnavailable, match="no more time"):
        await BudgetedModel(slow).answer(PROMPT, Word, 9, budget)
    with pytest.raises(ModelUnavailable, match="no more time"):
        await BudgetedModel(slow).yes(PROMPT, budget)
    heard = []
    with pytest.raises(ModelUnavailable):
        async for piece in BudgetedModel(slow).write(PROMPT, 9, budget):
            heard.append(piece)
    assert heard in ([], ["first"]) and (slow.closed or not heard)
