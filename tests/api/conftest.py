from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.services import Services
from tests.fakes import ScriptedChat, answered, client_of, services


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
