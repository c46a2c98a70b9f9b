"""The account of a turn: every call to a language model, with its tokens and its time."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call, retries included. `prompt` and `version` name the prompt; tokens are the server's count, or
    an estimate (`estimated`) where it gives none. `cost` is in the currency of the owner's prices. `outcome`
    is "ok", "unavailable", "unusable", or "left" where whoever asked did not wait for the end."""

    prompt: str
    version: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    elapsed_ms: float
    retries: int = 0
    estimated: bool = False
    cost: float = 0.0
    outcome: str = "ok"


account: ContextVar[list[ModelCall] | None] = ContextVar("the model calls of this turn", default=None)


def note(call: ModelCall) -> None:
    """Adds a call to the account of the current turn, where there is one."""
    calls = account.get()
    if calls is not None:
        calls.append(call)
