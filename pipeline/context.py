"""What holds for one turn, made where it begins and handed through the chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from knowledge.types import FloatArray, Snapshot
from pipeline.llm.usage import TurnBudget


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where the trace of a turn belongs: to a stored conversation, None for a new one, which is given it with
    its first exchange; and to a user who is remembered, by their key, if the turn `began` before they were
    forgotten."""

    conversation_id: str | None = None
    user_key: str | None = None
    began: datetime | None = None


@dataclass(frozen=True, slots=True)
class TurnContext:
    """All stages of a turn speak of one `release`; None outside of a turn, where whichever is live is meant.
    `budget` is what they may spend on language models, and until when. `vectors` are of the texts that were
    encoded in this turn, by text. What `gives_way` is large and may wait: the encoder serves other turns
    first. The trace is kept as `keeping` says, nowhere with None, and `heard` by who asked for it."""

    release: Snapshot | None = None
    budget: TurnBudget = field(default_factory=TurnBudget)
    vectors: dict[str, FloatArray] = field(default_factory=dict)
    gives_way: bool = False
    keeping: Keeping | None = field(default_factory=Keeping)
    heard: Callable[[Mapping[str, Any]], None] | None = None

    @property
    def release_id(self) -> str:
        return self.release.release_id if self.release else ""
