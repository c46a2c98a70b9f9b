"""Somebody at the console, as a browser would be: with the cookie, and each form with its token."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from app.compose.services import Services
from app.console.session import COOKIE, csrf_of
from app.main import create_app
from app.store.curators import Curator, Role
from app.store.database.db import now
from tests.fakes import TOKEN, client_of

PASSWORD = "correct horse battery"


@dataclass
class Seat:
    """A client that is signed in."""

    client: httpx.AsyncClient
    csrf: str

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data={"csrf": self.csrf, **fields})

    async def upload(self, name: str, data: bytes) -> httpx.Response:
        """What comes of it: the dry run, or the form with what is wrong."""
        sent = await self.client.post(
            "/admin/ui/import", data={"csrf": self.csrf}, files={"file": (name, data)}
        )
        return await self.client.get(sent.headers["Location"]) if sent.status_code == 303 else sent


@asynccontextmanager
async def seat(using: Services, role: Role, name: str = "") -> AsyncIterator[Seat]:
    """One for a curator of this role, who is added."""
    name = name or f"a-{role}"
    using.curators.add(name, role)
    secret = using.keys.sign_in(Curator(name, role), now() + timedelta(hours=1))
    async with client_of(create_app(using)) as client:
        client.cookies.set(COOKIE, secret)
        yield Seat(client, csrf_of(secret))


async def sign_in(client: httpx.AsyncClient, name: str = "", password: str = TOKEN) -> httpx.Response:
    """By the form."""
    return await client.post("/admin/sign-in", data={"name": name, "password": password})


def hidden(page: str, name: str) -> str:
    """The value of a form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"{name} is not on the page"
    return found[1]


def texts(page: httpx.Response) -> str:
    """What is read on a page, its white space evened out."""
    assert "text/html" in page.headers["Content-Type"], page.text
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


def rows_of(csv_text: str) -> list[dict[str, Any]]:
    """A table's rows by its header."""
    return list(csv.DictReader(io.StringIO(csv_text.removeprefix("\ufeff"))))
