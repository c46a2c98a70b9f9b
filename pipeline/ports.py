"""What the chain needs from outside, and what each stage is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel

from knowledge.types import FloatArray, Snapshot
from pipeline.llm.prompting import Prompt
from pipeline.llm.usage import TurnBudget
from pipeline.turn import (
    Checked,
    Evidence,
    Retrieved,
    Reviewed,
    SearchQuery,
    Sentence,
    TopicVerdict,
    Verdict,
)
from pipeline.types import Question, TurnContext

Say = Callable[[str], Awaitable[None]]
"""Speaks one checked and filtered piece of the reply; the pieces joined are the reply's text."""


async def unheard(_piece: str) -> None:
    """A `Say` for whoever reads the reply when it is whole."""


class Encoder(Protocol):
    """Texts to unit vectors, shape (len(texts), dimension), float32, without blocking the event loop.
    Raises `ModelUnavailable`. What `gives_way` is worked on behind what others ask."""

    async def encode(self, texts: Sequence[str], *, gives_way: bool = False) -> FloatArray: ...


async def encoded(context: TurnContext, encoder: Encoder, texts: Sequence[str]) -> FloatArray:
    """As `Encoder.encode` gives at least one text, each encoded once in a turn."""
    known = context.vectors
    if new := list(dict.fromkeys(text for text in texts if text not in known)):
        known.update(zip(new, await encoder.encode(new, gives_way=context.gives_way), strict=True))
    return np.stack([known[text] for text in texts])


Answer = TypeVar("Answer", bound=BaseModel)


class ChatModel(Protocol):
    """A large language model. Each call is on the account of the turn whose `budget` is given. All raise
    `ModelUnavailable` where the model does not answer, `ModelOutputError` where its answer cannot be used."""

    @property
    def name(self) -> str: ...

    async def answer(
        self, prompt: Prompt, shape: type[Answer], max_tokens: int, budget: TurnBudget | None = None
    ) -> Answer:
        """An answer of the given shape, as a JSON schema where the server has that, else parsed strictly."""
        ...

    async def yes(self, prompt: Prompt, budget: TurnBudget | None = None) -> float:
        """The probability that the answer to a yes-or-no question is yes, for one token; 0 or 1 where the
        server tells no probabilities."""
        ...

    def write(self, prompt: Prompt, max_tokens: int, budget: TurnBudget | None = None) -> AsyncIterator[str]:
        """Free text in pieces, as it is written. Leaving early ends the request."""
        ...


class Knowledge(Protocol):
    """The live release. `current` raises `RetrievalFailed` where no release is loaded."""

    @property
    def current(self) -> Snapshot: ...


def release_of(context: TurnContext, knowledge: Knowledge) -> Snapshot:
    """The one that a turn began with. Raises as `Knowledge` does."""
    return context.release or knowledge.current


class TraceSink(Protocol):
    """Keeps the trace of a turn for administrators; must not raise. The turn's context says
    where."""

    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None: ...


class TopicGate(Protocol):
    @property
    def engine(self) -> str: ...

    async def __call__(self, question: Question) -> TopicVerdict: ...


class QueryRewriter(Protocol):
    @property
    def engine(self) -> str: ...

    async def __call__(self, question: Question) -> SearchQuery: ...


class Retrieval(Protocol):
    @property
    def engine(self) -> str: ...

    async def __call__(self, query: SearchQuery) -> Retrieved: ...


class RelevanceCheck(Protocol):
    @property
    def engine(self) -> str: ...

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence: ...


class AnswerComposer(Protocol):
    @property
    def engine(self) -> str: ...

    def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]: ...


class GroundingCheck(Protocol):
    @property
    def engine(self) -> str: ...

    async def __call__(self, sentence: Sentence, evidence: Evidence) -> Verdict: ...


class GroundingReview(Protocol):
    """A second opinion on sentences that the grounding check left open, several at a time."""

    @property
    def engine(self) -> str: ...

    def wants(self, verdict: Verdict, budget: TurnBudget) -> bool:
        """Whether it is worth being asked about a sentence with this verdict, in what is left of a turn."""
        ...

    async def __call__(self, checked: Sequence[Checked], evidence: Evidence) -> Reviewed:
        """As many as given, in the same order. Raises `ModelUnavailable` and `ModelOutputError`."""
        ...
