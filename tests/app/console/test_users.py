"""Users and keys in the console."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.compose.services import Services
from app.main import create_app
from app.store.curators import Role
from tests.app.console.seats import PASSWORD, Seat, seat, sign_in, texts
from tests.fakes import client_of, services

USERS = "/admin/ui/users"


@pytest.fixture
async def admin(using: Services) -> AsyncIterator[Seat]:
    async with seat(using, Role.ADMIN, "root") as sitting:
        yield sitting


async def test_a_user_is_added_changed_and_removed(admin: Seat, using: Services) -> None:
    said = await admin.post(USERS, name="maria", role="editor", password=PASSWORD)
    assert said.status_code == 303
    assert "maria is added as editor" in texts(await admin.get(said.headers["Location"]))
    async with client_of(create_app(using)) as browser:
        assert (await sign_in(browser, "maria", PASSWORD)).status_code == 303
        assert (await browser.get(USERS)).status_code == 403
        told = await admin.post(f"{USERS}/maria/role", role="admin")
        assert "before, maria was editor" in texts(await admin.get(told.headers["Location"]))
        assert (await browser.get(USERS)).status_code == 403  # a sign-in gives no more than it gave
        await admin.post(f"{USERS}/maria/password", password=f"{PASSWORD}!")
        assert (await browser.get("/admin/ui/account")).status_code == 303
        assert (await sign_in(browser, "maria", PASSWORD)).status_code == 401
        assert (await sign_in(browser, "maria", f"{PASSWORD}!")).status_code == 303
        assert (await browser.get(USERS)).status_code == 200
        told = await admin.post(f"{USERS}/maria/remove")
        assert "cannot be undone" in texts(await admin.get(told.headers["Location"]))
        assert (await browser.get(USERS)).status_code == 303
    acts = [act.act for act in using.audit.page(curator="root").acts]
    assert acts[:4] == ["user.removed", "user.password", "user.role", "user.added"]


async def test_what_cannot_be_is_said_and_what_was_typed_stays(admin: Seat, using: Services) -> None:
    using.keys.create("robot", Role.VIEWER)
    for fields, why in (
        ({"name": "maria", "role": "editor", "password": "short"}, "12 characters"),
        ({"name": "root", "role": "editor"}, "already a curator"),
        ({"name": "admin", "role": "editor"}, "is taken"),
        ({"name": "robot", "role": "editor"}, "is a key"),
        ({"name": "<script>alert(1)</script>", "role": "editor"}, "letters, digits"),
    ):
        page = await admin.post(USERS, **fields)
        assert page.status_code == 422 and why in texts(page), fields
        assert "Nothing was changed." in texts(page) and "<script>alert" not in page.text
        assert "short" not in re.sub(r"class=\"\w+\"", "", page.text)
    assert (await admin.post(USERS, name="maria", role="owner")).status_code == 422
    assert (await admin.post(f"{USERS}/nobody/role", role="admin")).status_code == 404
    assert [row.name for row in using.curators.list()] == ["root"]


async def test_a_key_is_shown_once_works_and_is_revoked(admin: Seat, using: Services) -> None:
    page = await admin.post("/admin/ui/keys", name="robot", role="editor", curator="", days="30")
    secrets = set(re.findall(r"ck_[\w-]+", page.text))
    assert page.status_code == 200 and len(secrets) == 1
    assert "ck_" not in (await admin.get(USERS)).text
    (row,) = using.keys.list()
    assert row.expires_at is not None and (row.expires_at - row.created_at).days in (29, 30)
    bearer = {"Authorization": f"Bearer {secrets.pop()}", "Cookie": ""}
    assert (await admin.client.get("/admin/entries", headers=bearer)).status_code == 200
    again = await admin.post("/admin/ui/keys", name="robot", role="editor")
    assert again.status_code == 422 and "already a key" in texts(again)
    for days in ("0", "-1", "x", "99999", "00000000199999999999"):
        assert (await admin.post("/admin/ui/keys", name="b", role="viewer", days=days)).status_code == 422
    assert (await admin.post(f"/admin/ui/keys/{row.id}/revoke")).status_code == 303
    assert (await admin.client.get("/admin/entries", headers=bearer)).status_code == 401
    assert (await admin.post(f"/admin/ui/keys/{row.id}/revoke")).status_code == 404


async def test_somebody_who_may_administer_is_left(tmp_path: Path) -> None:
    """Where no token opens the admin side."""
    using = services(tmp_path, admin_token=None)
    async with seat(using, Role.ADMIN, "root") as root:
        using.curators.set_password("root", PASSWORD)
        async with client_of(create_app(using)) as browser:
            await sign_in(browser, "root", PASSWORD)
            root.client.headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
            root.csrf = re.findall(r'name="csrf" value="(\w+)"', (await browser.get(USERS)).text)[0]
        for path, fields in ((f"{USERS}/root/role", {"role": "viewer"}), (f"{USERS}/root/remove", {})):
            page = await root.post(path, **fields)
            assert page.status_code == 422 and "Nobody would be left" in texts(page)
        assert using.curators.get("root").role == Role.ADMIN
        using.curators.add("other", Role.ADMIN)  # comes in with keys only, and has none
        assert (await root.post(f"{USERS}/root/remove")).status_code == 422
        key, secret = using.keys.create("others", Role.ADMIN, curator="other")
        assert (await root.post(f"{USERS}/root/remove")).status_code == 303
        bearer = {"Authorization": f"Bearer {secret}"}
        for path in (f"/admin/keys/{key.id}", "/admin/users/other"):
            refused = await root.client.delete(path, headers=bearer)
            assert refused.status_code == 409 and "Nobody would be left" in refused.json()["detail"]
        demoted = await root.client.put("/admin/users/other", headers=bearer, json={"role": "viewer"})
        assert demoted.status_code == 409


async def test_with_a_token_the_last_admin_may_go(admin: Seat, using: Services) -> None:
    assert (await admin.post(f"{USERS}/root/remove")).status_code == 303
    assert using.curators.list() == ()
