"""What the chain needs from outside, and what each stage is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from knowledge.types import FloatArray, Snapshot
from pipeline.llm.prompting import Prompt
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
from pipeline.types import Question

Say = Callable[[str], Awaitable[None]]
"""Speaks one checked and filtered piece of the reply; the pieces joined are the reply's text."""


async def unheard(_piece: str) -> None:
    """A `Say` for whoever reads the reply when it is whole."""


class Encoder(Protocol):
    """Texts to unit vectors, shape (len(texts), dimension), float32, without blocking the event loop.
    Raises `ModelUnavailable`."""

    async def encode(self, texts: Sequence[str]) -> FloatArray: ...


Answer = TypeVar("Answer", bound=BaseModel)


class ChatModel(Protocol):
    """A large language model. Each call is noted in the account of the turn that makes it
    (`pipeline.llm.usage`). All raise `ModelUnavailable` where the model does not answer,
    `ModelOutputError` where its answer cannot be used."""

    @property
    def name(self) -> str: ...

    async def answer(self, prompt: Prompt, shape: type[Answer], max_tokens: int) -> Answer:
        """An answer of the given shape, as a JSON schema where the server has that, else parsed strictly."""
        ...

    async def yes(self, prompt: Prompt) -> float:
        """The probability that the answer to a yes-or-no question is yes, for one token; 0 or 1 where the
        server tells no probabilities."""
        ...

    def write(self, prompt: Prompt, max_tokens: int) -> AsyncIterator[str]:
        """Free text in pieces, as it is written. Leaving early ends the request."""
        ...


class Knowledge(Protocol):
    """The live release. `current` raises `RetrievalFailed` where no release is loaded."""

    @property
    def current(self) -> Snapshot: ...


class TraceSink(Protocol):
    """Keeps the trace of a turn for administrators; must not raise."""

    async def record(self, trace: Mapping[str, Any]) -> None: ...


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

    def wants(self, verdict: Verdict) -> bool:
        """Whether it is worth being asked about a sentence with this verdict."""
        ...

    async def __call__(self, checked: Sequence[Checked], evidence: Evidence) -> Reviewed:
        """As many as given, in the same order. Raises `ModelUnavailable` and `ModelOutputError`."""
        ...
