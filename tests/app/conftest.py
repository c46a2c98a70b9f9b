from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from app.compose.services import Services
from app.main import create_app
from tests.app.llm_chain import Bridge, bridge, scripted
from tests.fakes import ScriptedChat, answered, client_of, services
from tests.openai_server import ScriptedServer, serving_llm


@pytest.fixture
def chat() -> ScriptedChat:
    return ScriptedChat(answered())


@pytest.fixture
def using(tmp_path: Path, chat: ScriptedChat) -> Services:
    return services(tmp_path, chat)


@pytest.fixture
async def client(using: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(using)) as client:
        yield client


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    """A language model; what it says is set by `Bridge.use`."""
    with serving_llm(scripted()) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bridge]:
    async with bridge(tmp_path_factory.mktemp("bridge"), server) as made:
        yield made
