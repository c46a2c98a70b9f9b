"""Calls to a scripted language model through the real adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

from pydantic import BaseModel

from pipeline.llm.breaker import CircuitBreaker
from pipeline.llm.client import ChatServer, OpenAIChatModel
from pipeline.llm.prompting import Prompt
from pipeline.llm.retrying import Backoff
from pipeline.llm.usage import TurnBudget
from pipeline.types import Message, Role
from tests.openai_server import MODEL, ScriptedServer, says_json

PROMPT = Prompt("gate", "v1", "Judge the message.", (Message(Role.USER, "Is it on topic?"),))
YES = says_json(verdict="yes", why="it is")


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


async def judged(model: OpenAIChatModel, budget: TurnBudget | None = None) -> Judged:
    return await model.answer(PROMPT, Judged, 50, budget)


async def written(model: OpenAIChatModel, budget: TurnBudget | None = None, max_tokens: int = 50) -> str:
    return "".join([piece async for piece in model.write(PROMPT, max_tokens, budget)])


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in the server's thread
            await asyncio.sleep(0.01)
