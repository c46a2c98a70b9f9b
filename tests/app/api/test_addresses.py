"""Which hosts, origins, methods and tokens the service takes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from app.main import create_app
from tests.app.api.test_admin import BEARER, RECORD
from tests.fakes import client_of, services


@pytest.mark.parametrize(
    ("address", "methods"),
    [
        ("/chat", "POST, OPTIONS"),
        ("/admin/entries", "GET, POST, OPTIONS"),
        ("/admin/entries/dna", "GET, PUT, DELETE, OPTIONS"),
        ("/conversations/c", "GET, DELETE, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
        ("/web/v/element.js", "GET, HEAD, OPTIONS"),
        ("/widget.js", "GET, HEAD, OPTIONS"),
    ],
)
async def test_an_address_tells_all_its_methods(
    client: httpx.AsyncClient, address: str, methods: str
) -> None:
    asked = await client.options(address)
    assert (asked.status_code, asked.headers["Allow"], asked.content) == (204, methods, b"")
    wrong = await client.request("PATCH", address)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, methods)
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_nothing_is_redirected_to_a_host_that_a_caller_names(client: httpx.AsyncClient) -> None:
    for address in ("/chat/", "/admin/entries/", "/web", "/v1/models/"):
        response = await client.get(address, headers={"Host": "evil.example"})
        assert response.status_code in (404, 405)
        assert "evil" not in str(response.headers) + response.text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_method_passes_a_preflight(tmp_path: Path, method: str) -> None:
    asking = {
        "Origin": "https://front.example",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    named = services(tmp_path, cors_origins=("https://front.example",))
    async with client_of(create_app(named)) as client:
        response = await client.options("/admin/entries/dna", headers=asking)
    assert response.status_code == 200
    assert method in response.headers["Access-Control-Allow-Methods"].split(", ")


async def test_other_hosts_are_refused_where_some_are_named(tmp_path: Path) -> None:
    named = services(tmp_path, allowed_hosts=("shop.example", "*.shops.example", "[::1]"))
    async with client_of(create_app(named)) as client:

        async def status(host: str, address: str = "/version") -> int:
            return (await client.get(address, headers={"Host": host})).status_code

        for host in ("shop.example", "Shop.Example:8000", "a.shops.example", "[::1]:8000"):
            assert await status(host) == 200
        for host in ("evil.example", "shops.example", "shop.example.evil.example", "a.shop.example", ""):
            assert await status(host) == 400
        assert await status("10.0.0.7:8000", "/health/live") == 200


async def test_wrong_tokens_are_counted_and_then_no_token_is_looked_at(tmp_path: Path) -> None:
    async with client_of(create_app(services(tmp_path))) as client:
        for _ in range(50):
            assert (await client.get("/admin/entries")).status_code == 401  # no token is no guess
            assert (await client.get("/admin/entries", headers=BEARER)).status_code == 200
        wrong = [
            await client.get("/admin/entries", headers={"Authorization": f"Bearer guess-{number}"})
            for number in range(40)
        ]
        statuses = [response.status_code for response in wrong]
        assert statuses == sorted(statuses) and 10 <= statuses.count(401) <= 30
        assert int(wrong[-1].headers["Retry-After"]) > 0
        assert (await client.get("/admin/entries", headers=BEARER)).status_code == 429
        assert (await client.post("/chat", json={"message": "hi"})).status_code == 200


async def test_a_token_beyond_ascii_opens(tmp_path: Path) -> None:
    using = services(tmp_path, admin_token=SecretStr("schlüssel-aus-worten"))
    async with client_of(create_app(using)) as client:
        headers = {b"Authorization": "Bearer schlüssel-aus-worten".encode()}
        created = await client.post("/admin/entries", headers=headers, json=RECORD)
    assert created.status_code == 201
