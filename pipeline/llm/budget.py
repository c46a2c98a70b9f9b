"""What one turn may spend on large language models: calls are counted, and end in time for the fallback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pipeline.errors import ModelUnavailable
from pipeline.llm.prompting import Prompt
from pipeline.ports import Answer, ChatModel


@dataclass(slots=True)
class TurnBudget:
    """`until`: the event loop's time from which no call may go on; None where nobody waits. `begun` counts
    the calls, failed ones too."""

    until: float | None = None
    begun: int = 0


_current: ContextVar[TurnBudget | None] = ContextVar("what this turn may spend", default=None)
ends_at: ContextVar[float | None] = ContextVar("when the models of this turn must have ended", default=None)
"""Set by who waits for a turn, in the event loop's time."""


@contextmanager
def turn_budget() -> Iterator[None]:
    """A fresh budget for the turn that runs in this block."""
    token = _current.set(TurnBudget(ends_at.get()))
    try:
        yield
    finally:
        _current.reset(token)


def calls_begun() -> int:
    """The calls that the current turn has begun so far."""
    budget = _current.get()
    return budget.begun if budget else 0


class BudgetedModel:
    """Implements `ChatModel`: a model that keeps to the turn's budget. What would go on for longer raises
    `ModelUnavailable`, so that the stage's specialist still has time."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    async def answer(self, prompt: Prompt, shape: type[Answer], max_tokens: int) -> Answer:
        async with _in_time(prompt):
            return await self._model.answer(prompt, shape, max_tokens)

    async def yes(self, prompt: Prompt) -> float:
        async with _in_time(prompt):
            return await self._model.yes(prompt)

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncIterator[str]:
        until = _begin()
        pieces = self._model.write(prompt, max_tokens)
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
async def _in_time(prompt: Prompt) -> AsyncIterator[None]:
    """Around one call that is answered as a whole."""
    until = _begin()
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError:
        raise _too_long(prompt) from None


def _begin() -> float | None:
    budget = _current.get()
    if budget is None:
        return None
    budget.begun += 1
    return budget.until


def _too_long(prompt: Prompt) -> ModelUnavailable:
    return ModelUnavailable(f"the turn has no more time for the {prompt.name}")
