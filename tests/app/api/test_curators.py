"""Who gets in on the admin side, and what each role may do there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from app.compose.services import Services
from app.main import create_app
from app.store.curators import OWNER, Curator, CuratorNotFound, CuratorRejected, Role
from app.store.database.db import now
from tests.app.api.test_admin import BEARER, RECORD, until
from tests.fakes import client_of, services


def bearing(using: Services, role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {using.keys.create(f'a-{role}', role)[1]}"}


@pytest.fixture
async def plain(using: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(using)) as client:
        yield client


def test_roles_cover_those_below() -> None:
    assert [Role.EDITOR.covers(role) for role in Role] == [True, True, False, False]


@pytest.mark.parametrize(
    ("method", "address", "needed"),
    [
        ("GET", "/admin/entries", Role.VIEWER),
        ("GET", "/admin/turns", Role.VIEWER),
        ("POST", "/admin/entries", Role.EDITOR),
        ("PUT", "/admin/entries/dna", Role.EDITOR),
        ("DELETE", "/admin/entries/dna", Role.EDITOR),
        ("POST", "/admin/entries/import", Role.EDITOR),
        ("GET", "/admin/documents", Role.VIEWER),
        ("POST", "/admin/documents?name=a.md", Role.EDITOR),
        ("DELETE", "/admin/documents/x", Role.EDITOR),
        ("POST", "/admin/releases/x/activate", Role.APPROVER),
        ("POST", "/admin/reindex", Role.APPROVER),
        ("DELETE", "/admin/turns/x", Role.ADMIN),
    ],
)
async def test_each_call_needs_its_role(
    plain: httpx.AsyncClient, using: Services, method: str, address: str, needed: Role
) -> None:
    for role in Role:
        given = await plain.request(method, address, headers=bearing(using, role), content=b"{broken")
        assert (given.status_code == 403) is not role.covers(needed), (role, given.text)
        if given.status_code == 403:
            assert given.json()["type"] == "urn:candor:problem:forbidden"


async def test_without_a_token_keys_open_the_admin_side(tmp_path: Path) -> None:
    using = services(tmp_path, admin_token=None)
    async with client_of(create_app(using)) as client:
        assert (await client.get("/admin/entries", headers=BEARER)).status_code == 403
        key = bearing(using, Role.VIEWER)
        assert (await client.get("/admin/entries", headers=key)).status_code == 200
        assert (await client.get("/admin/entries", headers=BEARER)).status_code == 401
        assert (await client.get("/admin/entries")).status_code == 401


async def test_what_opens_nothing_does_not_switch_the_admin_side_on(tmp_path: Path) -> None:
    services(tmp_path).keys.sign_in(OWNER, now() + timedelta(hours=1))
    using = services(tmp_path, admin_token=None)
    using.keys.create("old", Role.ADMIN, expires_at=now() - timedelta(seconds=1))
    async with client_of(create_app(using)) as client:
        assert (await client.get("/admin/entries", headers=BEARER)).status_code == 403
        using.curators.add("maria", Role.VIEWER)
        assert (await client.get("/admin/entries", headers=BEARER)).status_code == 401


@pytest.mark.parametrize("then", [None, "another-token-of-some-length-0123456789"])
def test_a_sign_in_with_the_token_ends_with_the_token(tmp_path: Path, then: str | None) -> None:
    before = services(tmp_path)
    secret = before.keys.sign_in(OWNER, now() + timedelta(hours=1))
    hers = services(tmp_path, admin_token=None).keys.sign_in(OWNER, now() + timedelta(hours=1))
    assert before.keys.bearer(secret) == OWNER
    after = services(tmp_path, admin_token=SecretStr(then) if then else None)
    assert after.keys.bearer(secret) is None
    assert before.keys.bearer(hers) is None  # bound to no token
    before.keys.sign_out(secret, OWNER)
    assert before.keys.bearer(secret) is None


def test_signing_out_deletes_no_key(using: Services) -> None:
    secret = using.keys.create("robot", Role.ADMIN)[1]
    using.keys.sign_out(secret, Curator("robot", Role.ADMIN))
    assert using.keys.bearer(secret) is not None


def test_a_key_opens_a_database_that_cannot_be_written(using: Services) -> None:
    secret = using.keys.create("robot", Role.ADMIN)[1]

    @event.listens_for(using.engine, "before_cursor_execute")
    def refuse(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE"):
            raise OperationalError(statement, None, Exception("attempt to write a readonly database"))

    assert using.keys.bearer(secret) is not None
    event.remove(using.engine, "before_cursor_execute", refuse)
    assert [row.used_at for row in using.keys.list()] == [None]
    assert using.keys.bearer(secret) is not None
    assert using.keys.list()[0].used_at is not None


async def test_guesses_at_once_are_limited_and_right_passwords_cost_nothing(
    plain: httpx.AsyncClient, using: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On threads of their own: those of the storage stay free meanwhile."""
    free, threads = threading.Event(), set[str]()

    def signed_in(_name: str, password: str) -> Curator | None:
        threads.add(threading.current_thread().name.partition("_")[0])
        assert free.wait(10)
        return Curator("maria", Role.EDITOR) if password == "right" else None

    monkeypatch.setattr(using.curators, "signed_in", signed_in)
    monkeypatch.setattr(using.wrong_tokens, "_clock", lambda: 0.0)
    using.curators.add("maria", Role.EDITOR)

    async def status(password: str) -> int:
        given = {"name": "maria", "password": password}
        return (await plain.post("/admin/session", json=given)).status_code

    guesses = [asyncio.ensure_future(status(password)) for password in ["wrong"] * 12 + ["right"] * 20]
    await until(lambda: sum(guess.done() for guess in guesses) == 12)
    assert await asyncio.wait_for(using.storage.run(lambda: "kept"), 10) == "kept"
    free.set()
    answers = await asyncio.gather(*guesses)
    assert answers.count(429) == 12
    assert [await status("right") for _ in range(21)] == [201] * 21
    assert threads == {"passwords"}


async def test_a_key_ends_by_its_time_by_revocation_and_with_its_curator(
    plain: httpx.AsyncClient, using: Services
) -> None:
    using.curators.add("maria", Role.EDITOR)
    old = using.keys.create("old", Role.ADMIN, expires_at=now() - timedelta(seconds=1))[1]
    row, revoked = using.keys.create("robot", Role.ADMIN)
    hers = using.keys.create("hers", Role.ADMIN, curator="maria")[1]

    async def status(secret: str) -> int:
        bearer = {"Authorization": f"Bearer {secret}"}
        return (await plain.post("/admin/entries", json=RECORD, headers=bearer)).status_code

    assert await status(old) == 401
    assert await status(revoked) == 201
    using.keys.revoke(row.id)
    assert await status(revoked) == 401
    acting = using.keys.bearer(hers)
    assert acting is not None and (acting.name, acting.role) == ("maria", Role.EDITOR)  # no more than she may
    using.curators.set_role("maria", Role.VIEWER)
    assert await status(hers) == 403
    using.curators.remove("maria")
    assert await status(hers) == 401


async def test_wrong_keys_are_counted(plain: httpx.AsyncClient) -> None:
    wrong = {"Authorization": "Bearer ck_wrong"}
    given = [(await plain.get("/admin/entries", headers=wrong)).status_code for _ in range(21)]
    assert given == [401] * 20 + [429]


def test_no_secret_is_kept(using: Services, tmp_path: Path) -> None:
    using.curators.add("maria", Role.EDITOR, "correct horse battery")
    secret = using.keys.create("robot", Role.ADMIN)[1]
    using.engine.dispose()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("candor.db*"))
    assert b"correct horse" not in stored and secret.encode() not in stored and b"maria" in stored


def test_passwords(using: Services) -> None:
    using.curators.add("maria", Role.EDITOR, "correct horse battery")
    using.curators.add("no-password", Role.EDITOR)
    signed_in = using.curators.signed_in("maria", "correct horse battery")
    assert signed_in is not None and (signed_in.name, signed_in.role) == ("maria", Role.EDITOR)
    for name, password in (("maria", "correct horse"), ("nobody", ""), ("no-password", "")):
        assert using.curators.signed_in(name, password) is None
    for name, given in (("maria", None), ("admin", None), ("a b", None), ("new", "short")):
        with pytest.raises(CuratorRejected):
            using.curators.add(name, Role.VIEWER, given)
    with pytest.raises(CuratorNotFound):
        using.curators.set_password("nobody", "correct horse battery")
