"""The console over HTTP: who gets in, who may do what, and that nothing said in it is more than text."""

from __future__ import annotations

import html
import json
import re

import httpx
import pytest

from app.compose.services import Services
from app.main import create_app
from app.store.curators import Role
from knowledge.types import UNWRITTEN, EntryStatus
from tests.app.console.conftest import SignIn
from tests.fakes import TOKEN, client_of, entry

ENTRIES = "/admin/ui/entries"
PLACE = f"{ENTRIES}/dna"
FORM = {"question": "Can it change my DNA?", "answer": "No.", "topic": "cells"}
VIEWS = (
    "/admin",
    "/admin/ui/try",
    ENTRIES,
    f"{ENTRIES}/-/deleted",
    PLACE,
    f"{PLACE}/history",
    "/admin/ui/releases",
    "/admin/ui/gaps",
    "/admin/ui/gold",
    "/admin/ui/evaluation",
    "/admin/ui/suggestions",
    "/admin/ui/feedback",
    "/admin/ui/turns",
)
WRITES = (
    (f"{ENTRIES}/-/new", Role.EDITOR),
    (f"{ENTRIES}/-/preview", Role.EDITOR),
    (PLACE, Role.EDITOR),
    (f"{PLACE}/status", Role.EDITOR),
    (f"{PLACE}/revert", Role.EDITOR),
    (f"{PLACE}/delete", Role.EDITOR),
    ("/admin/ui/gold/new", Role.EDITOR),
    ("/admin/ui/gold/x", Role.EDITOR),
    ("/admin/ui/gold/x/delete", Role.EDITOR),
    ("/admin/ui/turns/x/gold", Role.EDITOR),
    ("/admin/ui/gaps/x/entry", Role.EDITOR),
    ("/admin/ui/gaps/x/draft", Role.EDITOR),
    ("/admin/ui/gaps/x/search", Role.EDITOR),
    ("/admin/ui/gaps/x/alternates", Role.EDITOR),
    ("/admin/ui/gaps/x/dismiss", Role.EDITOR),
    ("/admin/ui/suggestions/x/accept", Role.EDITOR),
    ("/admin/ui/releases", Role.APPROVER),
    ("/admin/ui/releases/x/activate", Role.APPROVER),
)


@pytest.fixture(autouse=True)
def written(using: Services) -> None:
    using.entries.create(entry())


def version(using: Services) -> str:
    return str(using.entries.kept("dna").version)


async def test_a_visitor_is_led_to_the_sign_in_and_back(client: httpx.AsyncClient) -> None:
    for path in VIEWS:
        led = await client.get(path)
        assert (led.status_code, led.headers["Location"].partition("?")[0]) == (303, "/admin/sign-in"), path
        assert "dna" not in led.text
    led = await client.get(f"{ENTRIES}?text=a%26b&page=2")
    back = await client.post(led.headers["Location"], data={"name": "", "password": TOKEN})
    assert back.headers["Location"] == f"{ENTRIES}?text=a%26b&page=2"
    cookie = back.headers["Set-Cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/admin"))
    assert (await client.get(back.headers["Location"])).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/admin",
        "//evil.example",
        "/admin/ui//evil.example",
        "/admin/ui/\\evil.example",
        "/admin/ui/../../evil",
        "/adminevil",
        "/admin/ui/x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "",
    ],
)
async def test_the_way_back_leads_nowhere_else(client: httpx.AsyncClient, address: str) -> None:
    given = {"name": "", "password": TOKEN}
    back = await client.post("/admin/sign-in", params={"back": address}, data=given)
    assert back.headers["Location"] == "/admin"


async def test_whoever_guesses_passwords_has_to_wait(using: Services, client: httpx.AsyncClient) -> None:
    using.curators.add("ed", Role.EDITOR, "correct horse battery")
    wrong = [
        await client.post("/admin/sign-in", data={"name": name, "password": "guess"})
        for name in ("ed", "nobody", *[""] * 20)
    ]
    assert [each.status_code for each in wrong[:19]] == [401] * 19
    assert wrong[-1].status_code == 429
    assert wrong[0].text == wrong[1].text.replace('value="nobody"', 'value="ed"')  # nor who there is
    right = await client.post("/admin/sign-in", data={"name": "ed", "password": "correct horse battery"})
    assert right.status_code == 429


async def test_a_password_opens_and_signing_out_closes(using: Services, client: httpx.AsyncClient) -> None:
    using.curators.add("ed", Role.EDITOR, "correct horse battery")
    await client.post("/admin/sign-in", data={"name": "ed", "password": "correct horse battery"})
    view = (await client.get("/admin")).text
    assert "ed" in view
    csrf = view.partition('name="csrf" value="')[2].partition('"')[0]
    cookies = dict(client.cookies)
    assert (await client.post("/admin/sign-out", data={"csrf": csrf})).status_code == 303
    client.cookies.update(cookies)  # even where somebody kept the cookie
    assert (await client.get("/admin")).status_code == 303


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_sees_all_and_does_what_it_may(signed: SignIn, using: Services, role: Role) -> None:
    curator = await signed(role)
    for path in VIEWS:
        view = await curator.seen(path)
        for action, needed in WRITES:
            assert role.covers(needed) or f'action="{action}"' not in view, (path, action)
    before = using.entries.kept("dna")
    for action, needed in WRITES:
        if not role.covers(needed):
            refused = await curator.post(action, **FORM, version="1", status="draft")
            assert refused.status_code == 403, action
            assert f"needs the role {needed}" in refused.text
    assert using.entries.kept("dna") == before
    assert using.entries.count() == 1


async def test_forms_of_other_sites_do_nothing(signed: SignIn, using: Services) -> None:
    curator = await signed(Role.ADMIN)
    fields = {**FORM, "version": "1", "status": "approved"}
    for action, _ in WRITES:
        for csrf in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "ü"}):
            given = await curator.client.post(action, data={**fields, **csrf})
            assert given.status_code == 403, (action, csrf)
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://candor"},
        ):
            given = await curator.client.post(action, data={**fields, "csrf": curator.csrf}, headers=headers)
            assert given.status_code == 403, (action, headers)
    assert using.entries.get("dna") == entry()
    foreign = {"Origin": "https://evil.example"}
    led = await curator.client.post("/admin/sign-in", data={"password": TOKEN}, headers=foreign)
    assert led.status_code == 403
    assert "Set-Cookie" not in led.headers
    own = {"Origin": "http://candor", "Sec-Fetch-Site": "same-origin"}
    fine = await curator.client.post(PLACE, data={**fields, "csrf": curator.csrf}, headers=own)
    assert fine.status_code == 303


async def test_unknown_addresses_are_pages(signed: SignIn) -> None:
    curator = await signed(Role.ADMIN)
    for path in ("nothing", "entries/x", "entries/x/history", "gold/x", "turns/x", "releases/jobs/x", "a/b"):
        missing = await curator.get(f"/admin/ui/{path}")
        assert missing.status_code == 404, path
        assert "<h1>" in missing.text
    for path, fields in (
        ("entries/x", FORM),
        ("entries/x/status", {"status": "draft"}),
        ("entries/x/delete", {}),
        ("entries/dna/revert", {"version": "99"}),
        ("suggestions/x/accept", {}),
        ("suggestions/x/else", {}),
        ("gold/x/delete", {}),
        ("turns/x/gold", {"outcome": "declined"}),
    ):
        missing = await curator.post(f"/admin/ui/{path}", **fields)
        assert missing.status_code == 404, path
        assert "<h1>" in missing.text


async def test_odd_values_are_told_or_ignored(signed: SignIn) -> None:
    curator = await signed(Role.ADMIN)
    for query in (
        "page=x",
        "page=-1",
        "page=999999999999",
        "status=x",
        "due=x",
        "since=x&rating=x",
    ):
        for view in (ENTRIES, "/admin/ui/turns", "/admin/ui/feedback", "/admin/ui/gold"):
            await curator.seen(f"{view}?{query}")
    told = await curator.get(f"{ENTRIES}?topic=%00")  # which PostgreSQL would not take
    assert told.status_code == 422 and "NUL" in told.text
    for path, fields in (
        (f"{PLACE}/status", {"status": "x"}),
        (f"{PLACE}/status", {}),
        (f"{PLACE}/revert", {"version": "x"}),
        (PLACE, {**FORM, "status": "x", "version": "1"}),
        (PLACE, {**FORM, "valid_until": "soon", "version": "1"}),
        ("/admin/ui/gold/new", {"question": ""}),
    ):
        given = await curator.post(path, **fields)
        assert given.status_code == 422, (path, fields)
    gone = await curator.post(PLACE, **FORM, version="99999999999999999999")
    assert gone.status_code == 409


async def test_turns_are_found_by_what_was_said_and_thought(signed: SignIn, using: Services) -> None:
    curator = await signed(Role.VIEWER)
    async with client_of(create_app(using)) as users:
        ids = [
            (await users.post("/chat", json={"message": text})).json()["message_id"]
            for text in ("about genes", "about fees")
        ]
        await users.post("/feedback", json={"message_id": ids[0], "rating": "down", "comment": "Too long"})
    for view in ("/admin/ui/turns", "/admin/ui/feedback"):
        for query in ("text=GENES", "rating=down", "entry=dna&text=genes", "since=2020-01-01&text=genes"):
            found = await curator.seen(f"{view}?{query}")
            assert "about genes" in found, (view, query)
            assert "about fees" not in found
        for query in ("until=2020-01-01", "entry=other", "outcome=declined", "rating=up"):
            assert "about genes" not in await curator.seen(f"{view}?{query}"), (view, query)
    one = await curator.seen(f"/admin/ui/turns/{ids[0]}")
    assert "Too long" in one
    assert "Topic gate" in one


HOSTILE = tuple(
    f"{before}{mark}{after}"
    for mark in (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<svg/onload=alert(1)>",
        "'-->",
    )
    for before, after in (
        ("", ""),
        ("a ", " b"),
        ("</textarea>", ""),
        ("</title>", ""),
        ("{{ 7 * 7 }}", "{% raw %}"),
        ("]]>", "<!--"),
        ("&lt;", "&#60;"),
        ("<!--", "-->"),
        ("`", "`"),
        ("\u202e", "\u2066"),
    )
)


async def test_hostile_texts_stay_texts(signed: SignIn, using: Services) -> None:
    assert len(HOSTILE) == 40
    curator = await signed(Role.APPROVER)
    async with client_of(create_app(using)) as users:
        for number, text in enumerate(HOSTILE):
            given = (await users.post("/chat", json={"message": text})).json()
            await users.post(
                "/feedback", json={"message_id": given["message_id"], "rating": "down", "comment": text}
            )
            fields = {"question": f"Q{number} {text}", "answer": text, "topic": text[:90], "alternates": text}
            sources = f"{text.replace(chr(32), '_')} https://aster.org/{number}"
            made = await curator.post(
                f"{ENTRIES}/-/new", **fields, sources=sources, id=f"h{number}", status="approved"
            )
            assert made.status_code in (303, 422), made.text
            _only_text(made.text)
            place = f"{ENTRIES}/h{number}"
            changed = {**fields, "answer": f"{text} more", "comment": text}
            await curator.post(place, **changed, version="1", status="approved")
            _only_text((await curator.post(f"{ENTRIES}/-/preview", **fields, sources=sources)).text)
            for view in (place, f"{place}/history", f"/admin/ui/turns/{given['message_id']}"):
                _only_text((await curator.get(view)).text)
    for view in (ENTRIES, "/admin/ui/turns", "/admin/ui/feedback", f"{ENTRIES}?text={HOSTILE[1]}", "/admin"):
        _only_text(await curator.seen(view))
    assert html.escape("<svg/onload=alert(1)>") in await curator.seen("/admin/ui/feedback")
    assert using.entries.count() > 30


def _only_text(view: str) -> None:
    for mark in ("<script>", "<img", "<svg/", "alert(1)</script>", "7 * 7 = 49", ">49<"):
        assert mark not in view, view[max(0, view.find(mark) - 200) : view.find(mark) + 200]


async def test_every_answer_has_the_strict_policy(signed: SignIn) -> None:
    curator = await signed(Role.ADMIN)
    for response in (
        await curator.get("/admin"),
        await curator.get("/admin/ui/nothing"),
        await curator.post(f"{ENTRIES}/-/preview", **FORM),
        await curator.client.get("/admin/sign-in"),
    ):
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["Cache-Control"] == "no-store"
        assert " style=" not in response.text
        assert " onclick=" not in response.text


async def test_a_draft_without_an_answer_stays_in_the_editor(using: Services, signed: SignIn) -> None:
    using.entries.create(entry("empty", answer=UNWRITTEN, status=EntryStatus.DRAFT))
    approver = await signed(Role.APPROVER)
    page = await approver.seen(f"{ENTRIES}/empty")
    assert ">Approve<" not in page and ">Send to review<" not in page and ">Retire<" in page
    for status in ("approved", "in_review"):
        tried = await approver.post(f"{ENTRIES}/empty/status", status=status, version="1")
        assert tried.status_code == 409
        assert "has no answer yet: write one first" in tried.text and 'name="answer"' in tried.text


async def test_a_trial_and_a_preview_hold_what_the_widget_draws(signed: SignIn) -> None:
    editor = await signed(Role.EDITOR)
    fields = {
        **FORM,
        "answer": "One.\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "sources": "Fees https://a.example/f",
    }
    shown = (await editor.post(f"{ENTRIES}/-/preview", **fields)).text
    found = re.search(r'data-reply="([^"]*)"', shown)
    assert found
    reply = json.loads(html.unescape(found[1]))
    assert reply["reply"] == "One. [1]\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n [1]"
    assert [reply["reply"][each["start"] : each["end"]][:5] for each in reply["citations"]] == [
        "One.",
        "| a |",
    ]
    assert {each["url"] for each in reply["citations"]} == {"https://a.example/f"}
