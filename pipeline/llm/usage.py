"""The account of a turn: every call to a language model, with its tokens and its time."""

from __future__ import annotations

from dataclasses import dataclass, field


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


@dataclass(slots=True)
class TurnBudget:
    """`until`: the event loop's time from which no call may go on; None where nobody waits. `begun` counts
    the calls, failed ones too; `unbooked` are those that no step of the trace accounts for yet."""

    until: float | None = None
    begun: int = 0
    unbooked: list[ModelCall] = field(default_factory=list)

    def allows(self, most_calls: int | None) -> bool:
        """Whether fewer than so many calls have begun; None is any number."""
        return most_calls is None or self.begun < most_calls
