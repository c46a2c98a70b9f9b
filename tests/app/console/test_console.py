"""The console over HTTP: who gets in, who may do what, and that nothing said in it is more than text."""

from __future__ import annotations

import html

import httpx
import pytest

from app.compose.services import Services
from app.main import create_app
from app.store.curators import Role
from knowledge.types import EntryStatus
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
        "due=x&topic=%00",
        "since=x&rating=x",
    ):
        for view in (ENTRIES, "/admin/ui/turns", "/admin/ui/feedback", "/admin/ui/gold"):
            await curator.seen(f"{view}?{query}")
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


async def test_from_a_draft_to_what_is_approved(signed: SignIn, using: Services) -> None:
    editor, approver = await signed(Role.EDITOR), await signed(Role.APPROVER)
    said = await editor.done(f"{ENTRIES}/-/new", **FORM | {"answer": ""}, status="draft")
    assert "The entry is written." in said
    place = f"{ENTRIES}/can-it-change-my-dna"  # made of the question
    assert not using.entries.get("can-it-change-my-dna").is_written
    assert "The answer is still to be written" in said
    await editor.done(place, **FORM, version="1", status="draft")
    assert "waits for an approver" in await editor.done(f"{place}/status", status="in_review", version="2")
    assert "Can it change my DNA?" in await approver.seen(f"{ENTRIES}?status=in_review")
    assert "1 entry waits for approval" in await approver.seen("/admin")
    assert "It is approved" in await approver.done(f"{place}/status", status="approved", version="3")
    assert "not live yet" in await approver.seen(place)
    changed = await editor.done(place, **FORM | {"answer": "Never."}, version="4", status="approved")
    assert "It waits for an approver." in changed
    assert "Users still get version 4" in changed


async def test_what_was_done_is_said_once_and_can_be_undone(signed: SignIn, using: Services) -> None:
    editor = await signed(Role.APPROVER)
    said = await editor.done(PLACE, **FORM, version="1", status="approved")
    assert f'action="{PLACE}/revert?version=1&amp;known=2"' in said
    assert "Saved." not in await editor.seen(PLACE)
    undone = await editor.done(f"{PLACE}/revert?version=1&known=2")
    assert "again as in version 1" in undone
    assert using.entries.get("dna") == entry()
    gone = await editor.done(f"{PLACE}/delete", version="3")
    assert f'action="{PLACE}/revert?version=3&amp;known=4"' in gone
    assert "What about dna?" in await editor.seen(f"{ENTRIES}/-/deleted")
    await editor.done(f"{PLACE}/revert?version=3&known=4")
    assert using.entries.get("dna") == entry()


async def test_what_somebody_did_meanwhile_is_not_undone(signed: SignIn, using: Services) -> None:
    first, late = await signed(Role.APPROVER), await signed(Role.ADMIN)
    await first.done(PLACE, **FORM | {"answer": "Theirs & co."}, version="1", status="approved")
    for act, fields in (("status", {"status": "retired"}), ("delete", {})):
        for version in ({"version": "1"}, {}):
            refused = await late.post(f"{PLACE}/{act}", **fields, **version)
            assert refused.status_code == 409 and "Theirs &amp; co." in refused.text
            assert "nothing was done" in refused.text
    refused = await late.post(f"{PLACE}/revert", version="1", known="1")
    assert refused.status_code == 409 and "was changed meanwhile" in refused.text
    assert using.entries.kept("dna").version == 2
    assert 'name="known" value="2"' in await late.seen(f"{PLACE}/history")
    await late.done(f"{PLACE}/revert", version="1", known="2")


async def test_any_id_opens(signed: SignIn, using: Services) -> None:
    curator = await signed(Role.EDITOR)
    for name in ("new", "preview", "deleted"):
        using.entries.create(entry(name))
        assert f"{ENTRIES}/{name}/history" in await curator.seen(f"{ENTRIES}/{name}")


async def test_a_link_can_have_the_console_say_nothing(signed: SignIn) -> None:
    curator = await signed(Role.ADMIN)
    view = await curator.seen(f"/admin?done=Call+me&undo={PLACE}/delete&revert={PLACE}/delete")
    assert "Call me" not in view
    assert "/delete" not in view
    for cookie in ("x", "W10=", "e30=", "\u00e9"):
        curator.client.cookies.set("candor_told", cookie.encode().hex() if cookie == "\u00e9" else cookie)
        await curator.seen("/admin")


async def test_of_two_who_save_at_once_the_second_keeps_the_text(signed: SignIn, using: Services) -> None:
    first, second = await signed(Role.APPROVER), await signed(Role.EDITOR)
    await first.done(PLACE, **FORM | {"answer": "Theirs & co."}, version="1", status="approved")
    late = {**FORM, "answer": "Mine, at length.", "alternates": "one\ntwo", "status": "approved"}
    refused = await second.post(PLACE, **late, version="1")
    assert refused.status_code == 409
    for kept in ("Mine, at length.", "one\ntwo", "Theirs &amp; co.", 'name="version" value="2"'):
        assert kept in refused.text, kept
    assert using.entries.get("dna").answer == "Theirs & co."
    assert "waits for an approver" in await second.done(PLACE, **late, version="2")


async def test_a_form_keeps_all_that_an_entry_has(signed: SignIn, using: Services) -> None:
    curator = await signed(Role.APPROVER)
    fields = {
        **FORM,
        "alternates": "a b\r\nc d\r\n",
        "misconceptions": "It does.\n",
        "sources": "City of Aster: fees https://aster.org/fees\nhttps://aster.org/2\n",
        "reviewed_on": "2026-01-02",
        "review_by": "2027-01-02",
        "valid_until": "2028-01-02",
    }
    await curator.done(PLACE, **fields, version=version(using), status="approved")
    once = using.entries.get("dna")
    assert (once.alternates, once.misconceptions) == (("a b", "c d"), ("It does.",))
    assert [(each.title, each.url) for each in once.sources] == [
        ("City of Aster: fees", "https://aster.org/fees"),
        ("https://aster.org/2", "https://aster.org/2"),
    ]
    form = await curator.seen(PLACE)
    assert "City of Aster: fees https://aster.org/fees" in form
    sources = "https://aster.org/2 https://aster.org/2"
    again = {**fields, "sources": f"City of Aster: fees https://aster.org/fees\n{sources}"}
    assert "Nothing was changed" in await curator.done(
        PLACE, **again, version=version(using), status="approved"
    )
    assert using.entries.get("dna") == once
    assert once.status is EntryStatus.APPROVED


async def test_remarks_and_what_is_due_are_shown(signed: SignIn, using: Services) -> None:
    curator = await signed(Role.EDITOR)
    using.entries.create(entry("old", **{"valid_until": _day("2026-01-01"), "review_by": _day("2026-01-01")}))
    assert "placeholder" in await curator.seen(PLACE)  # its source is at example.org
    for due in ("expires", "to_review"):
        view = await curator.seen(f"{ENTRIES}?due={due}")
        assert "What about old?" in view
        assert "What about dna?" not in view
    dashboard = await curator.seen("/admin")
    assert "1 entry ends within 30 days, or expired." in dashboard
    assert "1 entry was to be reviewed by now." in dashboard


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


def _day(text: str) -> object:
    from datetime import date

    return date.fromisoformat(text)
