"""What a turn may spend: calls are counted, and none outlasts the time that the fallback needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel

from pipeline.errors import ModelUnavailable
from pipeline.llm.budget import BudgetedModel, calls_begun, ends_at, turn_budget
from pipeline.llm.prompting import Prompt
from pipeline.ports import Answer
from tests.fakes import ScriptedModel

PROMPT = Prompt("gate", "v1", "system", ())


class Word(BaseModel):
    word: str


class Slow:
    name = "slow"
    closed = False

    async def answer(self, prompt: Prompt, shape: type[Answer], max_tokens: int) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError

    async def yes(self, prompt: Prompt) -> float:
        await asyncio.sleep(60)
        raise AssertionError

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncIterator[str]:
        try:
            yield "first"
            await asyncio.sleep(60)
        finally:
            self.closed = True


async def test_calls_are_counted_by_turn_failed_ones_too() -> None:
    model = BudgetedModel(ScriptedModel('{"word": "a"}', ModelUnavailable("down"), "0.7", "text"))
    assert calls_begun() == 0
    with turn_budget():
        assert (await model.answer(PROMPT, Word, 9)).word == "a"
        with pytest.raises(ModelUnavailable):
            await model.answer(PROMPT, Word, 9)
        assert await model.yes(PROMPT) == 0.7
        assert "".join([piece async for piece in model.write(PROMPT, 9)]) == "text"
        assert calls_begun() == 4
    with turn_budget():
        assert calls_begun() == 0


async def test_a_call_ends_in_time_for_the_fallback() -> None:
    slow = Slow()
    ends_at.set(asyncio.get_running_loop().time() + 0.05)
    with turn_budget():
        with pytest.raises(ModelUnavailable, match="no more time"):
            await BudgetedModel(slow).answer(PROMPT, Word, 9)
        with pytest.raises(ModelUnavailable, match="no more time"):
            await BudgetedModel(slow).yes(PROMPT)
        heard = []
        with pytest.raises(ModelUnavailable):
            async for piece in BudgetedModel(slow).write(PROMPT, 9):
                heard.append(piece)
    assert heard in ([], ["first"]) and (slow.closed or not heard)
