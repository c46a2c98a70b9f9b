from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from app.compose.services import Services
from app.main import create_app
from pipeline.memory.reading import MemoryReader
from tests.fakes import AsyncHashEncoder, ScriptedChat, answered, client_of, entry, services, snapshot

SECRET = "a-secret-of-the-owner's-site-of-40-chars"  # of a test
ENTRIES = (
    entry("pregnancy", question="Is the vaccine safe if I am pregnant?"),
    entry("asthma", question="May people with asthma have it?"),
    entry("plans", question="What does the family plan cost, or the basic plan?"),
    entry("children", question="From what age may children have it, at 4 or at 5?"),
    entry("babies", question="May a baby of 6 months have it?"),
    entry("moving", question="I moved to another city. What now?"),
    entry("canary", question="Who looks after a canary?"),
)


class Live:
    current = snapshot(*ENTRIES)


@pytest.fixture
def chat() -> ScriptedChat:
    return ScriptedChat(answered())


@pytest.fixture
def using(tmp_path: Path, chat: ScriptedChat) -> Services:
    reader = MemoryReader(AsyncHashEncoder(), Live())
    return services(tmp_path, chat, reader=reader, memory=True, user_secret=SecretStr(SECRET))


@pytest.fixture
async def client(using: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(using)) as client:
        yield client
