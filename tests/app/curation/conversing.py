"""A service whose chain answers as it is told, message by message, and users who talk with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from app.compose.language_model import LanguageModel
from app.compose.services import Services
from app.main import create_app
from app.store.turns.traces import TraceStore
from pipeline.ports import Say
from pipeline.types import Outcome, Question, Reply, TurnContext
from tests.app.api.test_admin import BEARER, until
from tests.fakes import answered, client_of, services, snapshot, trace

NOTHING = Reply("I have no answer to that.", Outcome.NO_ANSWER)
YES = answered()


@dataclass
class Told:
    """A chain that gives the reply it was told for a message, and has no answer to any other. `queries` are
    what it makes of follow-ups, `picks` what it reads as the choice of an offered question."""

    replies: dict[str, Reply] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    picks: set[str] = field(default_factory=set)
    otherwise: Reply = NOTHING
    release_id: str = "r1"
    traces: TraceStore | None = None
    asked: list[str] = field(default_factory=list)

    async def run(
        self, message_id: str, question: Question, say: Say, context: TurnContext | None = None
    ) -> Reply:
        self.asked.append(question.text)
        reply = self.replies.get(question.text, self.otherwise)
        await say(reply.text)
        made = trace(message_id, question.text, reply.outcome) | {"release_id": self.release_id}
        if query := self.queries.get(question.text):
            result = {"text": query, "used_history": True}
            made["steps"] = [{"step": "SearchQuery", "engine": "x", "elapsed_ms": 1.0, "result": result}]
        if question.text in self.picks:
            made["steps"] = [{"step": "Evidence", "engine": "choice", "elapsed_ms": 1.0, "result": {}}]
        assert self.traces is not None
        await self.traces.record(made, context or TurnContext())
        return reply


@dataclass
class Users:
    """Those who talk, and the administrator's `client`."""

    client: httpx.AsyncClient
    chain: Told
    using: Services

    async def say(self, message: str, conversation_id: str | None = None) -> dict[str, Any]:
        body = {"message": message, "conversation_id": conversation_id}
        response = await self.client.post("/chat", json=body)
        assert response.status_code == 200, response.text
        said: dict[str, Any] = response.json()
        return said

    async def rate(self, message_id: str, rating: str, comment: str | None = None) -> None:
        body = {"message_id": message_id, "rating": rating, "comment": comment}
        assert (await self.client.post("/feedback", json=body)).status_code < 300

    async def get(self, address: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401
        response = await self.client.get(f"/admin/{address}", params=params)
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    async def gaps(self, **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        items: list[dict[str, Any]] = (await self.get("gaps", **params))["items"]
        return items

    async def serve(self, release_id: str) -> None:
        """Another release goes live, and what is open is put to it."""
        self.using.live.swap(snapshot(release_id=release_id))
        await until(lambda: self.using.gap_watch.examined == release_id)
        self.chain.release_id = release_id


@asynccontextmanager
async def users_of(
    folder: Path,
    chain: Told,
    llm: LanguageModel | None = None,
    **fields: Any,  # noqa: ANN401
) -> AsyncIterator[Users]:
    using = replace(services(folder, chain, **fields), llm=llm)
    chain.traces = using.traces
    async with client_of(create_app(using), started=True) as client:
        client.headers.update(BEARER)
        await until(lambda: using.releases.recovered)
        yield Users(client, chain, using)
