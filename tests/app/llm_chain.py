"""The real service and chain on a small knowledge base, its language model a scripted server. Whatever must
not leave carries a canary."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import httpx

from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.llm_chain import PROMPTS
from app.compose.models import Models
from app.compose.services import Services
from app.main import create_app
from app.settings import Cascade, Profile
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Calibration, Entry, Logistic
from pipeline.chat_pipeline import ChatPipeline
from pipeline.llm.breaker import CircuitBreaker
from pipeline.llm.client import ChatServer, OpenAIChatModel
from pipeline.llm.prompting import PromptFile
from pipeline.llm.retrying import Backoff
from pipeline.ports import ChatModel
from tests.fakes import TOKEN, HashEncoder, ScriptedChat, answered, client_of, entry, services, unstored_base
from tests.openai_server import Asked, Behaviour, Respond, ScriptedServer

SEEDS = Path(__file__).parents[2] / "seeds"
CANARY = "zebracanary"
TOLL = "The toll is two coins for every cart."
ARCH = "It is paid at the northern arch."
CHILDREN = "Children under seven walk across free of charge."
REWORDED = "The bridge toll is two coins for every cart."
WHOLE = f"{TOLL} {ARCH} {CHILDREN}"
KNOWN = frozenset((TOLL, ARCH, CHILDREN, REWORDED, WHOLE))
"""All that the knowledge base says about the toll, sentence by sentence and as the block that it is."""
ENTRIES = (
    entry("toll", question="How much is the bridge toll?", answer=WHOLE),
    entry("lamps", question="Who lights the harbour lamps?", answer=f"The {CANARY} keeper lights them."),
    entry("paint", question="What colour is the ferry?", answer=f"The ferry is {CANARY} green."),
)
CALIBRATION = Calibration(gate=Logistic({}, 3.0), relevance=Logistic({}, 3.0))
STAGES = ("topic_gate", "query_rewriter", "relevance_check", "answer_composer", "grounding_check")
"""Of the profile `llm`; the assisted one's gate has a prompt of its own."""
_FIRST_LINE = {PromptFile.read(name).text.partition(".")[0]: name for name in PROMPTS}
GOOD: Mapping[str, str] = {
    "topic_gate": json.dumps({"kind": "on_topic"}),
    "topic_check": "Yes",
    "query_rewriter": json.dumps(
        {"asks": "How much is the bridge toll?", "query": "bridge toll", "alternates": []}
    ),
    "relevance_check": json.dumps({"useful": [1]}),
    "answer_composer": f"{TOLL} [1] {ARCH} [1]",
    "grounding_check": json.dumps({"supported": [1, 2, 3]}),
}
MESSAGE = "tell me how much the bridge toll is"


def stage_of(asked: Asked) -> str:
    """The stage whose prompt a request carries."""
    return next(stage for line, stage in _FIRST_LINE.items() if asked.system.startswith(line))


def scripted(**behaviours: Behaviour | str | Respond) -> Respond:
    """A model that does its work, except where told; `every` is what it does at all other stages."""

    def respond(asked: Asked) -> Behaviour | str:
        stage = stage_of(asked)
        given = behaviours.get(stage, behaviours.get("every", GOOD[stage]))
        return given(asked) if callable(given) else given

    return respond


class Switched:
    """Implements `ChatModel`: the adapter to the server of the moment, so that a chain is built only once."""

    name = "scripted-1"

    def __init__(self, server: ScriptedServer, idle_s: float, timeout_s: float) -> None:
        place = ChatServer(
            self.name,
            base_url=lambda: server.url,
            timeout_s=max(timeout_s, idle_s),
            idle_s=idle_s,
            retries=1,
            backoff=Backoff(first_s=0.001),
        )
        self._model = OpenAIChatModel(place, CircuitBreaker(failures=1_000_000))
        self.close = self._model.close
        self.answer = self._model.answer
        self.yes = self._model.yes
        self.write = self._model.write


@dataclass
class Bridge:
    """The service, with a chain for each profile, made when it is asked for."""

    using: Services
    client: httpx.AsyncClient
    server: ScriptedServer
    chain: Callable[[Profile], ChatPipeline]

    def use(self, respond: Respond, profile: Profile = Profile.LLM) -> None:
        self.server.respond, self.server.asked = respond, []
        cast(Any, self.using.turns)._chat.run = self.chain(profile).run

    async def ask(self, message: str = MESSAGE, **fields: Any) -> httpx.Response:  # noqa: ANN401
        return await self.client.post("/chat", json={"message": message, **fields})

    async def trace(self) -> dict[str, Any]:
        """Of the last turn."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        turns = (await self.client.get("/admin/turns", headers=headers)).json()["items"]
        found = await self.client.get(f"/admin/turns/{turns[0]['message_id']}", headers=headers)
        return cast(dict[str, Any], found.json())


def chain(using: Services, model: ChatModel, profile: Profile) -> ChatPipeline:
    chosen = using.settings.model_copy(update={"profile": profile})
    models = Models.load(chosen, HashEncoder(), model)
    return build_chat(chosen, unstored_base(), models, ServingKnowledge(using.live), using.traces)


def bridge_snapshot(*entries: Entry) -> LocalSnapshot:
    return LocalSnapshot.of(entries or ENTRIES, HashEncoder().encode, CALIBRATION, release_id="r1")


@asynccontextmanager
async def bridge(
    folder: Path,
    server: ScriptedServer,
    *,
    idle_s: float = 0.4,
    timeout_s: float = 3.0,
    started: bool = False,
    **fields: Any,  # noqa: ANN401
) -> AsyncIterator[Bridge]:
    ignored = shutil.ignore_patterns("kb", "gold", "practice", "retriever", "relevance", "grounding", "gate")
    shutil.copytree(SEEDS, folder / "seeds", ignore=ignored)
    asked = {"cascade": Cascade(gate=9, relevance=9, grounding=2, rewriter=True, rephrase=True), **fields}
    model = Switched(server, idle_s, timeout_s)
    made = services(folder, ScriptedChat(answered()), seeds_dir=folder / "seeds", **asked)
    using = replace(made, close_chain=model.close)
    using.live.swap(bridge_snapshot())
    made_once = cache(partial(chain, using, model))
    async with client_of(create_app(using), started=started) as client:
        yield Bridge(using, client, server, made_once)
    await model.close()
