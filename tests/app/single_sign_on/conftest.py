"""A console, a provider, and a browser between them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.compose.services import Services
from app.main import create_app
from app.single_sign_on.provider import OpenIdProvider
from app.single_sign_on.settings import OidcSettings
from tests.app.single_sign_on.provider_app import CLIENT, SECRET, Account, provider_app
from tests.fakes import TOKEN, client_of, services

ISSUER = "https://id.example"


@dataclass
class Browser:
    """Somebody at a console who has an account at the provider."""

    using: Services
    console: httpx.AsyncClient
    there: httpx.AsyncClient
    account: Account
    app: FastAPI

    async def led(self, back: str = "") -> str:
        """Where the provider leads back to."""
        begun = await self.console.get("/admin/sign-in/oidc", params={"back": back} if back else {})
        assert begun.status_code == 303, begun.text
        return (await self.there.get(begun.headers["Location"])).headers["Location"]

    async def sign_in(self) -> httpx.Response:
        return await self.console.get(await self.led())

    async def refused(self, status: int = 403) -> str:
        """What is said to who does not come in."""
        page = await self.sign_in()
        assert page.status_code == status, page.text
        assert (await self.console.get("/admin/ui/account")).status_code == 303
        assert self.using.curators.list() == () or not self.using.curators.list()[0].subject
        found = re.search(r'role="alert">([^<]*)<', page.text)
        assert found, page.text
        return found[1]

    async def named(self) -> str:
        """Who is signed in: the account's view."""
        page = await self.console.get("/admin/ui/account")
        assert page.status_code == 200, page.status_code
        return page.text


Open = Callable[..., Any]


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens one with settings of the provider."""
    async with AsyncExitStack() as opened:

        async def open_one(*, token: bool = True, **given: Any) -> Browser:  # noqa: ANN401
            chosen = OidcSettings(
                issuer=ISSUER, client_id=CLIENT, client_secret=SecretStr(SECRET), name="Aster", **given
            )
            account = Account()
            using = services(tmp_path, oidc=chosen, admin_token=SecretStr(TOKEN) if token else None)
            app = create_app(using)
            there = httpx.ASGITransport(provider_app(account, ISSUER))
            app.state.single_sign_on = OpenIdProvider(chosen, there)
            console = await opened.enter_async_context(client_of(app))
            outside = await opened.enter_async_context(httpx.AsyncClient(transport=there))
            return Browser(using, console, outside, account, app)

        yield open_one
