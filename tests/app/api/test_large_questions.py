"""Questions on a caller's own documents cost more than conversations, and stay behind them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.errors import Problem
from app.api.limits import RateLimiter
from app.api.schemas.answers import Document
from app.main import create_app
from knowledge.releases.snapshot import LocalSnapshot
from pipeline.ports import Say
from pipeline.types import Outcome, Question, Reply, TurnContext
from tests.app.api.test_admin import until
from tests.fakes import ScriptedChat, client_of, services, snapshot

DOCUMENTS = ["The otter swims.", "The heron waits.", "The mole digs."]
NOTHING = Reply("I have no answer to that.", Outcome.NO_ANSWER)
LARGE = {"question": "who swims?", "documents": DOCUMENTS}


class HeldWhereItGivesWay(ScriptedChat):
    """Holds turns on documents until its gate opens; conversations it answers at once."""

    async def run(
        self, message_id: str, question: Question, say: Say, context: TurnContext | None = None
    ) -> Reply:
        self.began.set()
        if context and context.gives_way:
            assert self.gate is not None
            await self.gate.wait()
        return self.reply


async def test_conversations_have_places_of_their_own(tmp_path: Path) -> None:
    chat = HeldWhereItGivesWay(NOTHING, gate=asyncio.Event())
    using = services(
        tmp_path, chat, max_concurrent_turns=2, max_waiting_turns=8
    )  # 1 for documents, 1 may wait
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.recovered)
        large = [asyncio.create_task(client.post("/v1/answers", json=LARGE)) for _ in range(2)]
        await chat.began.wait()
        shed = await client.post("/v1/answers", json=LARGE)
        assert (shed.status_code, shed.headers["Retry-After"]) == (503, "1")
        assert (await client.post("/chat", json={"message": "hi"})).status_code == 200
        assert chat.gate is not None
        chat.gate.set()
        assert [response.status_code for response in await asyncio.gather(*large)] == [200, 200]


async def test_each_document_counts_as_a_question(tmp_path: Path) -> None:
    async with _limited(tmp_path, 5) as client:
        first = await client.post("/v1/answers", json=LARGE)
        assert first.status_code != 429
        again = await client.post("/v1/answers", json=LARGE)  # 1 of the 2 that it costs is left
        assert (again.status_code, again.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    async with _limited(tmp_path, 5) as client:
        for _ in range(2):
            read_one = await client.post("/v1/answers", json={**LARGE, "max_rerank": 1})
            assert read_one.status_code != 429


@asynccontextmanager
async def _limited(folder: Path, per_minute: int) -> Any:  # noqa: ANN401
    async with client_of(create_app(services(folder, rate_limit_per_minute=per_minute))) as client:
        yield client


def test_what_costs_more_than_a_bucket_takes_a_whole_one() -> None:
    time = 0.0
    limiter = RateLimiter(10, clock=lambda: time)
    limiter.take("a", 50)
    with pytest.raises(Problem) as refused:
        limiter.take("a")
    assert refused.value.headers == {"Retry-After": "6"}
    limiter.take("b")
    time = 60.0
    limiter.take("a", 50)


async def test_the_time_to_read_is_shared_by_all_who_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[float] = []

    async def read(_documents: list[Document], *_given: object, seconds: float) -> LocalSnapshot:
        shares.append(seconds)
        return snapshot()

    monkeypatch.setattr("app.api.answering.snapshot_of", read)
    using = services(
        tmp_path, ScriptedChat(NOTHING), turn_deadline_s=8.0, max_concurrent_turns=16, max_waiting_turns=16
    )
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.recovered)

        async def ask() -> httpx.Response:
            return await client.post("/v1/answers", json=LARGE)

        await ask()
        async with using.document_places.slot():
            await ask()
    assert shares == [4.0, 2.0]
