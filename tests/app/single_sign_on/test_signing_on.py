"""Signing in to the console with an account elsewhere: who comes in, and who does not."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from app.store.curators import Role
from tests.app.single_sign_on.conftest import Open

EMAIL = "maria@aster.example"


async def test_a_known_user_signs_in_and_out(browser: Open) -> None:
    maria = await browser()
    maria.using.curators.add(EMAIL, Role.APPROVER)
    page = await maria.console.get("/admin/sign-in", params={"back": "/admin/ui/gaps"})
    assert 'href="/admin/sign-in/oidc?back=/admin/ui/gaps">Sign in with Aster<' in page.text
    done = await maria.console.get(await maria.led("/admin/ui/gaps"))
    assert (
        'content="0; url=/admin/ui/gaps"' in done.text
    )  # a page of one's own brings the strict cookie along
    assert "SameSite=strict" in done.headers["Set-Cookie"]
    named = await maria.named()
    assert EMAIL in named and "approver" in named and "You sign in with Aster" in named
    acts = maria.using.audit.page().acts
    assert [(each.act, each.curator, each.via) for each in acts[:2]] == [
        ("session.opened", EMAIL, "oidc"),
        ("user.linked", EMAIL, "oidc"),
    ]
    found = re.search(r'name="csrf" value="([^"]*)"', named)
    assert found
    out = await maria.console.post("/admin/sign-out", data={"csrf": found[1]})
    page = await maria.console.get(out.headers["Location"])
    assert "You are signed out." in page.text and "/admin/sign-in/oidc/out" in page.text
    assert (await maria.console.get("/admin/ui/account")).status_code == 303
    ended = await maria.console.get("/admin/sign-in/oidc/out")
    asked = parse_qs(urlsplit(ended.headers["Location"]).query)
    assert ended.headers["Location"].startswith("https://id.example/out?")
    assert asked["post_logout_redirect_uri"] == ["http://candor/admin/sign-in"]


async def test_the_unknown_are_refused_unless_they_get_a_role(browser: Open) -> None:
    told = await (await browser()).refused()
    assert EMAIL in told and "no admin has added you yet" in told
    maria = await browser(domains=("aster.example",), role=Role.VIEWER)
    assert (await maria.sign_in()).status_code == 200
    (row,) = maria.using.curators.list()
    assert (row.name, row.role) == (EMAIL, "viewer") and row.subject and row.password is None
    maria.using.curators.set_role(EMAIL, Role.EDITOR)  # what an admin says afterwards stays
    assert (await maria.sign_in()).status_code == 200
    assert maria.using.curators.get(EMAIL).role == "editor"


async def test_groups_give_the_role_at_each_sign_in(browser: Open) -> None:
    maria = await browser(claim="groups", roles=("staff=viewer", "candor=approver"))
    maria.account.claims["groups"] = ["staff", "candor", "other"]
    assert (await maria.sign_in()).status_code == 200
    assert maria.using.curators.get(EMAIL).role == "approver"
    maria.account.claims["groups"] = "staff"
    assert (await maria.sign_in()).status_code == 200
    assert maria.using.curators.get(EMAIL).role == "viewer"
    maria.account.claims["groups"] = ["other"]
    page = await maria.sign_in()
    assert page.status_code == 403 and "none of your groups may" in page.text


async def test_the_last_admin_keeps_the_role(browser: Open) -> None:
    maria = await browser(token=False, claim="groups", roles=("a=admin", "v=viewer"))
    maria.account.claims["groups"] = ["a"]
    assert (await maria.sign_in()).status_code == 200
    maria.account.claims["groups"] = ["v"]
    page = await maria.sign_in()
    assert page.status_code == 403 and "Nobody would be left" in page.text
    assert maria.using.curators.get(EMAIL).role == "admin"


async def test_an_account_is_known_by_its_subject_not_its_address(browser: Open) -> None:
    maria = await browser(domains=("aster.example",), role=Role.VIEWER)
    await maria.sign_in()
    maria.account.claims["email"] = "maria.new@aster.example"
    assert (await maria.sign_in()).status_code == 200 and EMAIL in await maria.named()
    maria.account.claims |= {"sub": "2", "email": EMAIL}  # another person got the address
    page = await maria.sign_in()
    assert page.status_code == 403 and "another account before" in page.text


async def test_an_address_from_userinfo_counts_if_it_is_of_the_same_account(browser: Open) -> None:
    maria = await browser(domains=("*",), role=Role.VIEWER)
    maria.account.claims = {"sub": "1"}
    maria.account.userinfo = {"sub": "2", "email": EMAIL, "email_verified": True}
    assert "could not prove" in await maria.refused()
    maria.account.userinfo["sub"] = "1"
    assert (await maria.sign_in()).status_code == 200 and EMAIL in await maria.named()


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"email_verified": False}, "has not verified your e-mail address"),
        ({"email_verified": None}, "has not verified your e-mail address"),
        ({"email": "maria@else.example"}, "Accounts like maria@else.example may not"),
        ({"email": "maria@sub.aster.example"}, "may not sign in here"),
        ({"email": "o'hara@aster.example"}, "cannot be a user here"),
    ],
)
async def test_addresses_that_do_not_count(browser: Open, claims: dict[str, Any], told: str) -> None:
    maria = await browser(domains=("aster.example",), role=Role.VIEWER)
    maria.account.claims |= claims
    assert told in (await maria.refused()).replace("&#39;", "'")


async def test_an_address_of_unknown_standing_counts_if_the_owner_says_so(browser: Open) -> None:
    maria = await browser(domains=("aster.example",), role=Role.VIEWER, trust_email=True)
    maria.account.claims["email_verified"] = False
    assert "has not verified" in await maria.refused()
    del maria.account.claims["email_verified"]
    assert (await maria.sign_in()).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(time.time()) - 120},
        {"exp": None},
        {"iss": "https://other.example"},
        {"aud": "another client"},
        {"sub": None},
    ],
    ids=lambda wrong: "".join(wrong),  # the same in each worker, whenever it starts
)
async def test_a_wrong_token_is_none(browser: Open, wrong: dict[str, Any]) -> None:
    maria = await browser(domains=("*",), role=Role.ADMIN)
    maria.account.token = wrong
    assert "could not prove who you are" in await maria.refused()


async def test_a_token_of_another_key_is_none(browser: Open) -> None:
    maria = await browser(domains=("*",), role=Role.ADMIN)
    maria.account.signs_with = RSAKey.generate_key(2048)
    assert "could not prove" in await maria.refused()


async def test_only_the_browser_that_began_ends_it_and_once(browser: Open) -> None:
    maria = await browser(domains=("*",), role=Role.ADMIN)
    for wrong in ("&state=x", "&"):
        page = await maria.console.get((await maria.led()).partition("&state")[0] + wrong)
        assert page.status_code == 403 and "not begun in this browser" in page.text
    led = await maria.led()
    assert (await maria.there.get(led.replace("http://candor", "https://id.example"))).status_code == 404
    assert (await maria.console.get(led)).status_code == 200
    page = await maria.console.get(led)  # the code again
    assert page.status_code == 403 and "not begun in this browser" in page.text


async def test_what_the_provider_declines_or_another_answers_signs_nobody_in(browser: Open) -> None:
    maria = await browser(domains=("*",), role=Role.ADMIN)
    page = await maria.console.get(await maria.led() + "&iss=https://other.example")
    assert page.status_code == 403 and "broken off" in page.text
    maria.account.declines = True
    assert "broken off" in await maria.refused()


@pytest.mark.parametrize("path", ["/token", "/jwks"])
async def test_a_provider_that_is_down_is_told_and_nobody_comes_in(browser: Open, path: str) -> None:
    maria = await browser(domains=("*",), role=Role.ADMIN)
    maria.account.down = {path}
    assert "Try again later" in await maria.refused(503)


async def test_a_provider_that_cannot_be_found_leaves_the_password(browser: Open) -> None:
    maria = await browser()
    maria.account.down = {"/.well-known/openid-configuration"}
    page = await maria.console.get("/admin/sign-in/oidc")
    assert page.status_code == 503 and "Try again later" in page.text and 'name="password"' in page.text
    assert (await maria.console.get("/admin/sign-in/oidc/out")).status_code == 503
    maria.account.down, maria.account.issues_as = set(), "https://evil.example"
    assert (await maria.console.get("/admin/sign-in/oidc")).status_code == 503


async def test_guesses_are_counted(browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    maria = await browser(domains=("*",), role=Role.ADMIN)
    monkeypatch.setattr(maria.using.wrong_tokens, "_clock", lambda: 0.0)
    for _ in range(20):
        assert (await maria.console.get("/admin/sign-in/oidc/callback?code=x&state=y")).status_code == 403
    assert (await maria.sign_in()).status_code == 429


async def test_without_a_provider_there_is_no_button(browser: Open) -> None:
    maria = await browser()
    maria.app.state.single_sign_on = None
    assert "oidc" not in (await maria.console.get("/admin/sign-in")).text
    assert (await maria.console.get("/admin/sign-in/oidc")).status_code == 404


async def test_a_name_of_the_house_is_not_given_to_an_account(browser: Open) -> None:
    maria = await browser(domains=("*",), role=Role.VIEWER)
    maria.account.claims["email"] = "admin"
    assert "cannot be a user here" in await maria.refused()
