"""Curators at the console, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from app.compose.services import Services
from app.console.session import COOKIE, csrf_of
from app.main import create_app
from app.store.curators import Curator, Role
from app.store.database.db import now
from tests.app.api.test_admin import until
from tests.fakes import client_of


@dataclass(frozen=True, slots=True)
class Signed:
    """A curator who has signed in."""

    client: httpx.AsyncClient
    csrf: str

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def seen(self, path: str) -> str:
        """A view that has to be there."""
        response = await self.get(path)
        assert response.status_code == 200, (path, response.status_code, response.text)
        return response.text

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data={"csrf": self.csrf, **fields})

    async def done(self, path: str, **fields: str) -> str:
        """What the view says to which a form that has to succeed leads."""
        response = await self.post(path, **fields)
        assert response.status_code == 303, response.text
        return await self.seen(response.headers["Location"])


SignIn = Callable[[Role], Awaitable[Signed]]


@pytest.fixture
async def signed(using: Services) -> AsyncIterator[SignIn]:
    """Signs somebody of a role in."""
    app = create_app(using)
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(client_of(app, started=True))
        await until(lambda: using.releases.recovered)

        async def sign_in(role: Role) -> Signed:
            name = f"a-{role}"
            if name not in [each.name for each in using.curators.list()]:
                using.curators.add(name, role)
            secret = using.keys.sign_in(Curator(name, role, "password"), now() + timedelta(hours=1))
            client = await opened.enter_async_context(client_of(app))
            client.cookies.set(COOKIE, secret)
            return Signed(client, csrf_of(secret))

        yield sign_in
