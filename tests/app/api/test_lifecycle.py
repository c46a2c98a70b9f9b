"""An entry's way over the API: states, two at once, history, and who did what."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.compose.services import Services
from app.main import create_app
from app.store.curators import Role
from tests.app.api.test_admin import BEARER, RECORD, admin_of
from tests.fakes import client_of, services

PLACE = "/admin/entries/dna"


def as_(using: Services, name: str, role: Role) -> dict[str, str]:
    using.curators.add(name, role)
    return {"Authorization": f"Bearer {using.keys.create(f'key-of-{name}', role, name)[1]}"}


@pytest.fixture
async def admin(using: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(using)) as client:
        client.headers.update(BEARER)
        yield client


def served(using: Services) -> dict[str, str]:
    from datetime import date

    return {entry.id: entry.answer for entry in using.entries.servable(date.today())}


async def test_from_draft_to_retired(admin: httpx.AsyncClient, using: Services) -> None:
    editor, approver = as_(using, "ed", Role.EDITOR), as_(using, "ann", Role.APPROVER)
    await admin.post("/admin/entries", json=RECORD | {"status": "draft"}, headers=editor)

    async def step(status: str, who: dict[str, str]) -> tuple[int, str]:
        given = await admin.post(f"{PLACE}/status", json={"status": status, "comment": "so"}, headers=who)
        return given.status_code, given.json().get("status") if given.is_success else given.json()["type"]

    refused = (409, "urn:candor:problem:transition-refused")
    assert await step("in_review", editor) == (200, "in_review")
    assert await step("in_review", editor) == refused
    assert (await step("approved", editor))[0] == 403
    assert served(using) == {}
    assert await step("approved", approver) == (200, "approved")
    assert served(using) == {"dna": RECORD["answer"]}
    assert (await step("retired", editor))[0] == (await step("draft", editor))[0] == 403
    assert await step("archived", approver) == (200, "retired")
    assert served(using) == {}
    assert await step("approved", approver) == refused
    assert await step("draft", editor) == (200, "draft")
    listed = (await admin.get("/admin/entries", params={"status": "draft"})).json()
    assert [item["id"] for item in listed["items"]] == ["dna"]


async def test_what_an_editor_changes_waits_while_the_approved_stands(
    admin: httpx.AsyncClient, using: Services
) -> None:
    editor, approver = as_(using, "ed", Role.EDITOR), as_(using, "ann", Role.APPROVER)
    made = await admin.post("/admin/entries", json=RECORD, headers=editor)
    assert made.json()["status"] == "in_review"  # though "approved" was written
    await admin.post(f"{PLACE}/status", json={"status": "approved"}, headers=approver)
    changed = await admin.put(PLACE, json=RECORD | {"answer": "Never."}, headers=editor)
    assert changed.json()["status"] == "in_review"
    assert served(using) == {"dna": RECORD["answer"]}
    history = (await admin.get(f"{PLACE}/history")).json()["items"]
    assert [(each["version"], each["said"]) for each in history] == [(3, False), (2, True), (1, False)]
    assert (await admin.delete(PLACE, headers=editor)).status_code == 403
    assert (await admin.put(PLACE, json=RECORD | {"status": "retired"}, headers=editor)).status_code == 403
    assert (
        await admin.post(
            "/admin/entries/import?mode=replace",
            content="id,question,answer\na,b,c\n",
            headers={**editor, "Content-Type": "text/csv"},
        )
    ).status_code == 403
    await admin.post(f"{PLACE}/status", json={"status": "approved"}, headers=approver)
    assert served(using) == {"dna": "Never."}


async def test_four_eyes(tmp_path: Path) -> None:
    using = services(tmp_path, four_eyes=True)
    async with client_of(create_app(using)) as client:
        ann, bea = as_(using, "ann", Role.APPROVER), as_(using, "bea", Role.APPROVER)
        approve = {"status": "approved"}
        assert (await client.post("/admin/entries", json=RECORD, headers=ann)).json()["status"] == "in_review"
        own = await client.post(f"{PLACE}/status", json=approve, headers=ann)
        assert (own.status_code, own.json()["type"]) == (403, "urn:candor:problem:four-eyes")
        assert "ann made the last change" in own.json()["detail"]
        assert (await client.put(PLACE, json=RECORD, headers=ann)).json()["status"] == "in_review"
        assert (await client.post(f"{PLACE}/status", json=approve, headers=bea)).status_code == 200
        lines = {**bea, "Content-Type": "text/csv"}
        rows = "id,question,answer\ndna,Can it?,Well.\n"
        await client.post("/admin/entries/import", content=rows, headers=lines)
        assert using.entries.get("dna").status == "in_review" and served(using) == {"dna": RECORD["answer"]}
        assert (await client.post(f"{PLACE}/status", json=approve, headers=bea)).status_code == 403
        assert (await client.post(f"{PLACE}/status", json=approve, headers=ann)).status_code == 200
        assert served(using) == {"dna": "Well."}


async def test_the_second_of_two_is_shown_what_the_first_changed(
    admin: httpx.AsyncClient, using: Services
) -> None:
    ed, flo = as_(using, "ed", Role.EDITOR), as_(using, "flo", Role.EDITOR)
    made = await admin.post("/admin/entries", json=RECORD | {"status": "draft"}, headers=ed)
    read = await admin.get(PLACE)
    assert read.headers["ETag"] == made.headers["ETag"] == '"1"'
    first = await admin.put(
        PLACE,
        params={"comment": "clearer"},
        json=RECORD | {"status": "draft", "answer": "No. Never."},
        headers={**ed, "If-Match": read.headers["ETag"]},
    )
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    mine = RECORD | {"status": "draft", "topic": "mine"}
    for tag in ('"1"', 'W/"1"', '"x"', "nonsense"):
        second = await admin.put(PLACE, json=mine, headers={**flo, "If-Match": tag})
        assert second.status_code == 412
    for call in (
        admin.put(PLACE, json=mine, headers={**flo, "If-Match": '"1"'}),
        admin.request("DELETE", PLACE, headers={**flo, "If-Match": '"1"'}),
        admin.post(f"{PLACE}/revert", json={"version": 1}, headers={**flo, "If-Match": '"1"'}),
    ):
        problem = (await call).json()
        assert problem["type"] == "urn:candor:problem:entry-changed" and "by ed" in problem["detail"]
        (meanwhile,) = problem["meanwhile"]
        assert (meanwhile["author"], meanwhile["comment"], meanwhile["version"]) == ("ed", "clearer", 2)
        assert meanwhile["changes"] == [
            {
                "field": "answer",
                "before": RECORD["answer"],
                "after": "No. Never.",
                "lines": [f"- {RECORD['answer']}", "+ No. Never."],
            }
        ]
    assert using.entries.get("dna").topic == RECORD["topic"]
    for tag in ('W/"2"', "*"):
        assert (await admin.put(PLACE, json=mine, headers={**flo, "If-Match": tag})).status_code == 200


async def test_what_was_deleted_comes_back(admin: httpx.AsyncClient) -> None:
    await admin.post("/admin/entries", json=RECORD)
    await admin.delete(PLACE, params={"comment": "by mistake"})
    (gone,) = (await admin.get("/admin/entries/deleted")).json()["items"]
    assert (gone["id"], gone["version"], gone["author"], gone["comment"]) == ("dna", 2, "admin", "by mistake")
    assert (await admin.get(f"{PLACE}/history")).json()["total"] == 2
    back = await admin.post(f"{PLACE}/revert", json={"version": 1})
    assert (back.json(), back.headers["ETag"]) == (RECORD, '"3"')
    assert (await admin.get("/admin/entries/deleted")).json()["total"] == 0
    for place in ("history/9", "history/diff?before=1&after=9"):
        assert (await admin.get(f"{PLACE}/{place}")).status_code == 404
    assert (await admin.post(f"{PLACE}/revert", json={"version": 9})).status_code == 404
    assert (await admin.get("/admin/entries/never/history")).status_code == 404


async def test_fifty_edits_by_three(admin: httpx.AsyncClient, using: Services) -> None:
    """Every state can be shown, compared and restored, and the log names each act."""
    chance = random.Random(16)
    names = {"ann": Role.APPROVER, "bob": Role.EDITOR, "cleo": Role.ADMIN}
    who = {name: as_(using, name, role) for name, role in names.items()}
    await admin.post("/admin/entries", json=RECORD | {"status": "draft"}, headers=who["bob"])
    states: list[dict[str, Any]] = [RECORD | {"status": "draft"}]
    acts = [("bob", "entry.created")]
    while len(states) < 51:
        name, act = chance.choice(list(who)), chance.choice(["put", "put", "status", "revert", "delete"])
        there = acts[-1][1] != "entry.deleted"
        if act == "put" and there:
            field = chance.choice(["question", "answer", "topic"])
            body = states[-1] | {field: f"{field} {len(states)} " + "word " * chance.randint(1, 9)}
            given = await admin.put(PLACE, json=body, headers=who[name])
        elif act == "status" and there:
            body = {"status": chance.choice(["draft", "in_review", "approved", "retired"])}
            given = await admin.post(f"{PLACE}/status", json=body, headers=who[name])
        elif act == "revert":
            body = {"version": chance.randint(1, len(states))}
            given = await admin.post(f"{PLACE}/revert", json=body, headers=who[name])
        elif act == "delete" and there:
            given = await admin.delete(PLACE, headers=who[name])
        else:
            continue
        if not given.is_success:
            assert given.status_code in (403, 409), given.text
            continue
        after = given.json() if given.content else states[-1]
        done = {"put": "changed", "revert": "reverted", "delete": "deleted"}.get(act, after["status"])
        after = {key: value for key, value in after.items() if key != "warnings"}
        if there and act != "delete" and after == states[-1]:
            continue  # nothing was changed, and nothing is told
        states.append(after)
        acts.append((name, f"entry.{done}"))
    listed = (await admin.get(f"{PLACE}/history", params={"limit": 500})).json()
    assert listed["total"] == 51 and {author for author, _ in acts} == set(who)
    assert [(each["author"], f"entry.{each['act']}") for each in reversed(listed["items"])] == acts
    log = (await admin.get("/admin/audit", params={"act": "entry", "subject": "dna", "limit": 500})).json()
    assert [(each["curator"], each["act"]) for each in reversed(log["items"])] == acts
    for number, state in enumerate(states, start=1):
        shown = (await admin.get(f"{PLACE}/history/{number}")).json()
        assert shown["entry"] == state
        against = chance.randint(1, 51)
        told = (await admin.get(f"{PLACE}/history/diff", params={"before": number, "after": against})).json()[
            "changes"
        ]
        assert {change["field"] for change in told} == {
            name for name in state if state[name] != states[against - 1][name]
        }
        restored = await admin.post(f"{PLACE}/revert", json={"version": number})
        assert restored.json() == state


async def test_the_log_names_every_kind_of_act(tmp_path: Path) -> None:
    using = services(tmp_path)
    async with admin_of(using) as admin:
        await admin.post("/admin/entries", json=RECORD)
        job = (await admin.post("/admin/reindex")).json()["job_id"]
        await admin.post(
            "/admin/users", json={"name": "maria", "role": "editor", "password": "a long password"}
        )
        await admin.put("/admin/users/maria", json={"role": "viewer", "password": "another password"})
        key = (await admin.post("/admin/keys", json={"name": "robot", "role": "viewer", "days": 3})).json()
        await admin.delete(f"/admin/keys/{key['id']}")
        await admin.delete("/admin/users/maria")
        message = (await admin.post("/chat", json={"message": "does it?"})).json()["message_id"]
        await admin.delete(f"/admin/turns/{message}")
        acts = (await admin.get("/admin/audit")).json()
        told = [(each["act"], each["subject"]) for each in reversed(acts["items"])]
        assert told == [
            ("entry.created", "dna"),
            ("release.build", job),
            ("user.added", "maria"),
            ("user.role", "maria"),
            ("user.password", "maria"),
            ("key.created", key["id"]),
            ("key.revoked", key["id"]),
            ("user.removed", "maria"),
            ("turn.deleted", message),
        ]
        assert {(each["curator"], each["via"]) for each in acts["items"]} == {("admin", "token")}
        assert "password" not in str([each["detail"] for each in acts["items"]])
        middle = acts["items"][4]["at"]
        later = (await admin.get("/admin/audit", params={"since": middle, "limit": 2})).json()
        assert (later["total"], len(later["items"])) == (5, 2)
        assert (await admin.get("/admin/audit", params={"until": middle})).json()["total"] == 4
        assert (await admin.get("/admin/audit", params={"curator": "nobody"})).json()["total"] == 0


async def test_signing_in_and_out(admin: httpx.AsyncClient, using: Services) -> None:
    using.curators.add("maria", Role.EDITOR, "a long password")
    wrong = await admin.post("/admin/session", json={"name": "maria", "password": "another password"})
    assert wrong.status_code == 401
    opened = (
        await admin.post("/admin/session", json={"name": "maria", "password": "a long password"})
    ).json()
    bearer = {"Authorization": f"Bearer {opened['token']}"}
    acting = (await admin.get("/admin/session", headers=bearer)).json()
    assert acting == {"name": "maria", "role": "editor", "via": "session"}
    assert (await admin.get("/admin/keys")).json() == []
    assert (await admin.delete("/admin/session", headers=bearer)).status_code == 204
    assert (await admin.get("/admin/session", headers=bearer)).status_code == 401
    for _ in range(30):
        await admin.get("/admin/session", headers={"Authorization": "Bearer guess"})
    again = await admin.post("/admin/session", json={"name": "maria", "password": "a long password"})
    assert again.status_code == 429
