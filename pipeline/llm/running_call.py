"""One call to a model while it runs: the time it has left, and what it has used."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pipeline.llm.completion import Usage, estimated_tokens
from pipeline.llm.prompting import Prompt
from pipeline.llm.request import ChatRequest
from pipeline.llm.retrying import AttemptFailed
from pipeline.llm.usage import ModelCall


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, in the currency of the owner's bill."""

    prompt: float = 0.0
    completion: float = 0.0


@dataclass(slots=True)
class RunningCall:
    """`left_s` shrinks while the call waits for the server, and stands still while a reader of its text is
    busy with it."""

    left_s: float
    sent: bool = False
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = False
    began: float = field(default_factory=time.perf_counter)

    @asynccontextmanager
    async def waiting(self, at_most_s: float = float("inf")) -> AsyncIterator[None]:
        """Around whatever waits for the server. Raises `AttemptFailed` when that takes too long."""
        began, limit = time.perf_counter(), min(self.left_s, at_most_s)
        try:
            async with asyncio.timeout(limit):
                yield
        except TimeoutError:
            raise AttemptFailed(f"nothing came within {max(limit, 0.0):.1f} s", again=True) from None
        finally:
            self.left_s -= time.perf_counter() - began

    def spend(self, request: ChatRequest, usage: Usage | None, written: str) -> None:
        """Adds the tokens of one exchange: as the server counted them, else estimated."""
        if usage is None:
            self.estimated = True
            sent = [request.system, *(message.text for message in request.messages)]
            usage = Usage(
                prompt_tokens=sum(map(estimated_tokens, sent)), completion_tokens=estimated_tokens(written)
            )
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens

    def ended(self, prompt: Prompt, model: str, prices: Prices, outcome: str) -> ModelCall:
        cost = (prices.prompt * self.prompt_tokens + prices.completion * self.completion_tokens) / 1e6
        return ModelCall(
            prompt=prompt.name,
            version=prompt.version,
            model=model,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            elapsed_ms=(time.perf_counter() - self.began) * 1000,
            retries=self.retries,
            estimated=self.estimated,
            cost=cost,
            outcome=outcome,
        )
