"""Who sees which view of the house, who may write, and from where."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from sqlmodel import Session

from app.compose.services import Services
from app.console.session import COOKIE, SECURE_COOKIE
from app.main import create_app
from app.store.curators import Role
from app.store.curators.passwords import hash_of
from app.store.curators.rows import CuratorRow
from tests.app.console.seats import PASSWORD, hidden, seat, sign_in, texts
from tests.fakes import TOKEN, client_of

VIEWS = {
    "/admin/ui/account": Role.VIEWER,
    "/admin/ui/exports": Role.VIEWER,
    "/admin/ui/exports/entries.csv": Role.VIEWER,
    "/admin/ui/exports/entries.xlsx": Role.VIEWER,
    "/admin/ui/exports/entries.jsonl": Role.VIEWER,
    "/admin/ui/exports/feedback.csv": Role.VIEWER,
    "/admin/ui/import": Role.EDITOR,
    "/admin/ui/import/template.csv": Role.EDITOR,
    "/admin/ui/import/template.xlsx": Role.EDITOR,
    "/admin/ui/users": Role.ADMIN,
    "/admin/ui/audit": Role.ADMIN,
    "/admin/ui/settings": Role.ADMIN,
    "/admin/ui/exports/audit.csv": Role.ADMIN,
}
WRITES = {
    "/admin/ui/import": Role.EDITOR,
    "/admin/ui/import/0": Role.EDITOR,
    "/admin/ui/import/0/discard": Role.EDITOR,
    "/admin/ui/import/undo/1": Role.EDITOR,
    "/admin/ui/import/documents/x/forget": Role.EDITOR,
    "/admin/ui/users": Role.ADMIN,
    "/admin/ui/users/a-viewer/role": Role.ADMIN,
    "/admin/ui/users/a-viewer/password": Role.ADMIN,
    "/admin/ui/users/a-viewer/remove": Role.ADMIN,
    "/admin/ui/keys": Role.ADMIN,
    "/admin/ui/keys/x/revoke": Role.ADMIN,
}
OWN = ("/admin/ui/account/password", "/admin/ui/account/sign-out-everywhere")


async def test_each_role_sees_its_views_and_no_others(using: Services) -> None:
    for role in Role:
        async with seat(using, role) as sitting:
            menu = (await sitting.get("/admin/ui/account")).text
            for path, needed in VIEWS.items():
                given = await sitting.get(path)
                assert given.status_code == (200 if role.covers(needed) else 403), (role, path)
                assert given.status_code == 200 or f"needs the role {needed}" in texts(given)
                if path.count("/") == 3 and path != "/admin/ui/account":
                    assert (f'href="{path}"' in menu) is role.covers(needed), (role, path)


async def test_each_write_needs_its_role(using: Services) -> None:
    for role in (Role.VIEWER, Role.EDITOR, Role.APPROVER):
        async with seat(using, role) as sitting:
            for path, needed in WRITES.items():
                given = await sitting.post(path)
                assert (given.status_code == 403) is not role.covers(needed), (role, path, given.text)
    assert [row.role for row in using.curators.list()] == ["approver", "editor", "viewer"]


async def test_a_visitor_sees_nothing_but_the_sign_in_page(client: httpx.AsyncClient) -> None:
    for path in (*VIEWS, "/admin/ui/import/0", "/admin/ui/import/undo/1"):
        given = await client.get(path)
        assert (given.status_code, given.headers["Location"]) == (303, f"/admin/sign-in?back={path}"), path
    for path in (*WRITES, *OWN):
        assert (await client.post(path)).headers["Location"] == "/admin/sign-in?back=/admin"


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://elsewhere.example"}])
async def test_forms_from_elsewhere_are_refused(using: Services, headers: dict[str, str]) -> None:
    """Without the token, with a wrong one, and with the right one but from another site."""
    async with seat(using, Role.ADMIN) as sitting:
        token = {} if not headers else {"csrf": sitting.csrf}
        for path in (*WRITES, *OWN):
            for fields in (token, token or {"csrf": "0" * 64}):
                given = await sitting.client.post(path, data=fields, headers=headers)
                assert given.status_code == 403 and "This form" in texts(given), path
        wrong = await sitting.client.post(
            "/admin/ui/import", data={"csrf": "no"}, files={"file": ("a.jsonl", b"{}")}
        )
        assert wrong.status_code == 403
        assert [row.name for row in using.curators.list()] == ["a-admin"]


async def test_pages_take_nothing_from_elsewhere_and_hold_no_script(using: Services) -> None:
    async with seat(using, Role.ADMIN) as sitting:
        for path in VIEWS:
            given = await sitting.get(path)
            assert given.headers["Content-Security-Policy"].startswith("default-src 'none'"), path
            assert given.headers["Cache-Control"] == "no-store", path
            if "html" in given.headers["Content-Type"]:
                for mark in ("<style", " style=", " onclick=", "<script>", "http://", "https://"):
                    assert mark not in given.text, (path, mark)


async def test_signing_in_by_name_and_by_token(using: Services) -> None:
    using.curators.add("maria", Role.EDITOR, PASSWORD)
    for name, password in (("maria", PASSWORD), ("", TOKEN)):
        async with client_of(create_app(using)) as client:
            assert (await sign_in(client, name, "wrong")).status_code == 401
            assert (await sign_in(client, name, password)).status_code == 303
            page = await client.get("/admin/ui/account")
            assert page.status_code == 200 and (name or "admin") in page.text


async def test_guesses_at_once_are_as_many_as_one_by_one(
    using: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(using.wrong_tokens, "_clock", lambda: 0.0)
    async with seat(using, Role.EDITOR, "maria") as sitting:
        with Session(using.engine) as session:  # by the store it would end the sign-in
            session.get_one(CuratorRow, "maria").password = hash_of(PASSWORD)
            session.commit()
        using.wrong_tokens.take("127.0.0.1", 16)
        pages = await asyncio.gather(*(sign_in(sitting.client, "maria", "wrong") for _ in range(6)))
        assert sorted(page.status_code for page in pages) == [401] * 4 + [429] * 2
        using.wrong_tokens.give_back("127.0.0.1", 4)
        path, fields = "/admin/ui/account/password", {"now": "wrong", "new": PASSWORD, "again": PASSWORD}
        pages = await asyncio.gather(*(sitting.post(path, **fields) for _ in range(6)))
        assert sorted(page.status_code for page in pages) == [422] * 4 + [429] * 2
        assert all('name="again"' in page.text for page in pages)


async def test_a_right_password_costs_nothing(using: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(using.wrong_tokens, "_clock", lambda: 0.0)
    async with client_of(create_app(using)) as client:
        given = [(await sign_in(client)).status_code for _ in range(21)]
    assert given == [303] * 21


async def test_a_key_is_no_sign_in(using: Services, client: httpx.AsyncClient) -> None:
    client.cookies.set(COOKIE, using.keys.create("robot", Role.ADMIN)[1])
    assert (await client.get("/admin/ui/account")).status_code == 303


async def test_on_https_the_cookie_is_this_hosts_alone(using: Services) -> None:
    async with client_of(create_app(using)) as client:
        client.base_url = httpx.URL("https://candor")
        cookie = (await sign_in(client)).headers["Set-Cookie"]
        assert cookie.startswith(f"{SECURE_COOKIE}=ck_") and "Path=/;" in cookie and "Secure" in cookie
        page = await client.get("/admin/ui/account")
        assert page.status_code == 200
        out = await client.post("/admin/sign-out", data={"csrf": hidden(page.text, "csrf")})
        assert out.headers["Set-Cookie"].startswith(f'{SECURE_COOKIE}=""')
        assert "Secure" in out.headers["Set-Cookie"]
        assert (await client.get("/admin/ui/account")).status_code == 303
