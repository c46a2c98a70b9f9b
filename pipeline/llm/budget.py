"""What one turn may spend on large language models: calls are counted, and end in time for the fallback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from pipeline.errors import ModelUnavailable
from pipeline.llm.prompting import Prompt
from pipeline.llm.usage import TurnBudget
from pipeline.ports import Answer, ChatModel


class BudgetedModel:
    """Implements `ChatModel`: a model that keeps to a turn's budget. What would go on for longer raises
    `ModelUnavailable`, so that the stage's specialist still has time."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    async def answer(
        self, prompt: Prompt, shape: type[Answer], max_tokens: int, budget: TurnBudget | None = None
    ) -> Answer:
        async with _in_time(prompt, budget):
            return await self._model.answer(prompt, shape, max_tokens, budget)

    async def yes(self, prompt: Prompt, budget: TurnBudget | None = None) -> float:
        async with _in_time(prompt, budget):
            return await self._model.yes(prompt, budget)

    async def write(
        self, prompt: Prompt, max_tokens: int, budget: TurnBudget | None = None
    ) -> AsyncIterator[str]:
        until = _begin(budget)
        pieces = self._model.write(prompt, max_tokens, budget)
        try:
            while True:
                async with asyncio.timeout_at(until):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece
        except TimeoutError:
            raise _too_long(prompt) from None
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()


@asynccontextmanager
async def _in_time(prompt: Prompt, budget: TurnBudget | None) -> AsyncIterator[None]:
    """Around one call that is answered as a whole."""
    until = _begin(budget)
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError:
        raise _too_long(prompt) from None


def _begin(budget: TurnBudget | None) -> float | None:
    if budget is None:
        return None
    budget.begun += 1
    return budget.until


def _too_long(prompt: Prompt) -> ModelUnavailable:
    return ModelUnavailable(f"the turn has no more time for the {prompt.name}")
