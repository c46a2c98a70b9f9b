"""Who gets in on the admin side, and what each role may do there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.compose.services import Services
from app.main import create_app
from app.store.curators import CuratorNotFound, CuratorRejected, Role
from app.store.db import now
from tests.app.api.test_admin import BEARER, RECORD
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
