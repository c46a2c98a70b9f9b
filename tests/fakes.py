"""Stand-ins that tests share: a quick encoder, scripted stages, a scripted chain, a service around them."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar

import httpx
import numpy as np
from fastapi import FastAPI
from pydantic import SecretStr

from app.compose.release_service import KnowledgeBase
from app.compose.services import Services, prepared_database, wire
from app.main import create_app
from app.release_gate.gate import AskBoth
from app.settings import Settings
from app.store.turns.traces import TraceStore
from app.turns import Chat
from knowledge.encoders.types import EncoderInfo
from knowledge.entries import EntryStore
from knowledge.index.embedding_cache import EmbedResult
from knowledge.releases.releases import EncoderStamp, LiveRelease, ReleaseBuilder, Releases
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Calibration, Entry, FloatArray, Logistic, Source
from pipeline.llm.prompting import Prompt
from pipeline.llm.usage import TurnBudget
from pipeline.memory.reading import MemoryReader
from pipeline.ports import Answer, Say, TraceSink
from pipeline.types import Citation, Outcome, Question, Reply, TurnContext
from tests.loopback import on_loopback

TOKEN = "an-admin-token"
CALIBRATION = Calibration(gate=Logistic({}, 3.0), relevance=Logistic({}, 0.0))
_Result = TypeVar("_Result")


class HashEncoder:
    """A bag of hashed words as a unit vector: texts that share words are near, and it takes no time."""

    dimension = 64
    fingerprint = "hash-64"
    info = EncoderInfo("hash", 64, "float32", 1.0, "hash-64", "", Path(), "made for tests")

    def encode(self, texts: Sequence[str]) -> FloatArray:
        vectors = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[hashlib.blake2s(word.encode()).digest()[0] % self.dimension] += 1
        lengths: FloatArray = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32)
        return vectors / lengths


class AsyncHashEncoder:
    """`HashEncoder` behind the chain's port."""

    def __init__(self) -> None:
        self._encoder = HashEncoder()

    async def encode(self, texts: Sequence[str], *, gives_way: bool = False) -> FloatArray:
        return self._encoder.encode(texts)


class ScriptedStage(Generic[_Result]):
    """A stage that gives, or raises, the next item of its script; it fails when the script runs out."""

    engine = "scripted"

    def __init__(self, *script: _Result | Exception) -> None:
        self._script = list(script)
        self.calls: list[tuple[Any, ...]] = []

    async def __call__(self, *given: Any, **named: Any) -> _Result:  # noqa: ANN401
        self.calls.append(given)
        assert self._script, "the script ran out"
        item = self._script.pop(0)
        if isinstance(item, Exception):
            raise item
        return item


class ScriptedModel:
    """A language model that plays its script: a text is what it writes, in pieces of three characters, or the
    JSON that it answers, or its probability of yes; an exception is raised, within a tuple after the texts
    before it."""

    name = "scripted"

    def __init__(self, *script: str | Exception | tuple[str | Exception, ...]) -> None:
        self._script = list(script)
        self.prompts: list[Prompt] = []
        self.left_early = False

    def _next(self, prompt: Prompt) -> str | Exception | tuple[str | Exception, ...]:
        self.prompts.append(prompt)
        assert self._script, "the script ran out"
        return self._script.pop(0)

    async def answer(
        self, prompt: Prompt, shape: type[Answer], max_tokens: int, budget: TurnBudget | None = None
    ) -> Answer:
        item = self._next(prompt)
        if isinstance(item, Exception):
            raise item
        assert isinstance(item, str)
        return shape.model_validate_json(item)

    async def yes(self, prompt: Prompt, budget: TurnBudget | None = None) -> float:
        item = self._next(prompt)
        if isinstance(item, Exception):
            raise item
        assert isinstance(item, str)
        return float(item)

    async def write(
        self, prompt: Prompt, max_tokens: int, budget: TurnBudget | None = None
    ) -> AsyncIterator[str]:
        item = self._next(prompt)
        finished = False
        try:
            for part in item if isinstance(item, tuple) else (item,):
                if isinstance(part, Exception):
                    raise part
                for at in range(0, len(part), 3):
                    yield part[at : at + 3]
            finished = True
        finally:
            self.left_early = not finished


@dataclass
class ScriptedChat:
    """A chain that says `reply` in `pieces`, or raises `error` after them, waiting for `gate` in between."""

    reply: Reply
    pieces: tuple[str, ...] = ()
    error: Exception | None = None
    gate: asyncio.Event | None = None
    traces: TraceStore | None = None
    asked: list[Question] = field(default_factory=list)
    contexts: list[TurnContext] = field(default_factory=list)
    cancelled: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(
        self, message_id: str, question: Question, say: Say, context: TurnContext | None = None
    ) -> Reply:
        context = context or TurnContext()
        self.asked.append(question)
        self.contexts.append(context)
        self.began.set()
        try:
            for piece in self.pieces or (self.reply.text,):
                await say(piece)
            if self.gate is not None:
                await self.gate.wait()
            if self.error is not None:
                raise self.error
            return self.reply
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            if self.traces is not None:
                ended = trace(message_id, question.text, self.reply.outcome)
                await asyncio.shield(self.traces.record(ended, context))


def trace(message_id: str, question: str, outcome: Outcome) -> dict[str, Any]:
    step = {"step": "TopicVerdict", "engine": "scripted", "elapsed_ms": 1.5, "result": {"topic": "on_topic"}}
    return {
        "id": message_id,
        "question": question,
        "release_id": "r1",
        "outcome": outcome.value,
        "steps": [step],
    }


def answered(text: str = "No. It does not. [1]") -> Reply:
    citation = Citation(1, "dna", "Can it change my DNA?", "https://example.org/dna", 0, 16)
    return Reply(text, Outcome.ANSWERED, (citation,))


def entry(entry_id: str = "dna", **fields: Any) -> Entry:  # noqa: ANN401
    given: dict[str, Any] = {
        "question": f"What about {entry_id}?",
        "answer": f"This is known about {entry_id}. It is well established.",
        "sources": (Source("A source", f"https://example.org/{entry_id}"),),
        **fields,
    }
    return Entry(id=entry_id, **given)


def snapshot(*entries: Entry, release_id: str = "r1") -> LocalSnapshot:
    encode = HashEncoder().encode
    return LocalSnapshot.of(entries or (entry(),), encode, CALIBRATION, release_id=release_id)


def settings(data_dir: Path, **fields: Any) -> Settings:  # noqa: ANN401
    """Settings that no environment touches."""
    given = {
        "data_dir": data_dir,
        "seeds_dir": data_dir / "none",
        "admin_token": SecretStr(TOKEN),
        "follow_every_s": 0.05,
        **fields,
    }
    return Settings.model_construct(**given)


def services(
    data_dir: Path,
    chat: Chat | None = None,
    *,
    live: bool = True,
    embed: Callable[..., EmbedResult] | None = None,
    ask: AskBoth | None = None,
    reader: MemoryReader | None = None,
    **fields: Any,  # noqa: ANN401
) -> Services:
    """A whole service around a scripted chain, on a fresh database below `data_dir`."""
    chosen = settings(data_dir, **fields)
    file = data_dir / "candor.db"
    if not file.exists() and chosen.database == settings(data_dir).database:
        data_dir.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_empty_database())
    engine = prepared_database(chosen)
    chain = chat or ScriptedChat(answered())

    def open_base(_traces: TraceSink) -> KnowledgeBase:
        releases = Releases(engine, data_dir, EncoderStamp("hash", 64, "hash-64"))
        builder = ReleaseBuilder(releases, embed or embed_all, lambda snapshot: CALIBRATION)
        encode = HashEncoder().encode
        return KnowledgeBase(EntryStore(engine), releases, builder, encode, encode, frozenset)

    using = wire(
        chosen,
        engine,
        LiveRelease(snapshot() if live else None),
        chain,
        open_base,
        ask=ask,
        reader=lambda: reader,
    )
    if isinstance(chain, ScriptedChat):
        chain.traces = using.traces
    return using


@cache
def _empty_database() -> bytes:
    """A file with every table and no row: migrating once is enough for a thousand tests."""
    with TemporaryDirectory(prefix="candor-empty-") as folder:
        prepared_database(settings(Path(folder))).dispose()
        return (Path(folder) / "candor.db").read_bytes()


def embed_all(texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None) -> EmbedResult:
    if on_progress is not None:
        on_progress(len(texts), len(texts))
    return EmbedResult(HashEncoder().encode(texts), len(texts), 0)


@asynccontextmanager
async def client_of(app: FastAPI, *, started: bool = False) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls `app` without a socket. `started` runs its lifespan too."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://candor") as client:
        if started:
            async with app.router.lifespan_context(app):
                yield client
        else:
            yield client


def serving(using: Services) -> AbstractContextManager[str]:
    """The address of a real server on the loopback interface."""
    return on_loopback(create_app(using))


def unstored_base() -> KnowledgeBase:
    """What a chain needs of a knowledge base: it can encode, and has no store."""
    absent: Any = None
    return KnowledgeBase(absent, absent, absent, HashEncoder().encode, HashEncoder().encode, frozenset)
