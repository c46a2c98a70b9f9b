"""An entry in the console: written, approved, undone, and kept whole by its form."""

from __future__ import annotations

import pytest

from app.compose.services import Services
from app.store.curators import Role
from knowledge.types import EntryStatus
from tests.app.console.conftest import SignIn
from tests.fakes import entry

ENTRIES = "/admin/ui/entries"
PLACE = f"{ENTRIES}/dna"
FORM = {"question": "Can it change my DNA?", "answer": "No.", "topic": "cells"}


@pytest.fixture(autouse=True)
def written(using: Services) -> None:
    using.entries.create(entry())


def version(using: Services) -> str:
    return str(using.entries.kept("dna").version)


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


def _day(text: str) -> object:
    from datetime import date

    return date.fromisoformat(text)
