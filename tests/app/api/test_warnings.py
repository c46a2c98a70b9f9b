"""What is said of an entry that is saved, which keeps nothing from being saved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.compose.services import Services
from app.curation.near_entries import contradiction
from knowledge.curation.remarks import remarks_on, suspicion
from tests.app.api.test_admin import NDJSON, RECORD, admin_of, job_done
from tests.fakes import entry


@pytest.fixture
async def admin(using: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with admin_of(using) as client:
        yield client


FEE = RECORD | {
    "id": "fee",
    "question": "What does the first dose cost?",
    "answer": "The first dose costs 20 euros.",
}


async def warned(admin: httpx.AsyncClient, **fields: Any) -> list[dict[str, str]]:  # noqa: ANN401
    saved = await admin.post("/admin/entries", json=FEE | {"id": "new"} | fields)
    assert saved.status_code == 201
    told: list[dict[str, str]] = saved.json().get("warnings", [])
    return told


@pytest.mark.parametrize("released", [True, False])
async def test_twins_near_twins_and_contradictions(
    admin: httpx.AsyncClient,
    using: Services,
    released: bool,
) -> None:
    assert "warnings" not in (await admin.post("/admin/entries", json=FEE)).json()
    if released:
        await job_done(admin, (await admin.post("/admin/reindex")).json()["job_id"])
    same = await warned(admin, id="same", question="what does the FIRST dose cost")
    assert [(each["kind"], each["entry_id"]) for each in same] == [("same", "fee")]
    await admin.delete("/admin/entries/same")
    near = await warned(
        admin,
        id="near",
        question="What does the first dose cost me?",
        answer="The first dose costs 30 euros.",
    )
    assert [(each["kind"], each["entry_id"]) for each in near] == [
        ("near-same", "fee"),
        ("contradiction", "fee"),
    ]
    assert "30" in near[1]["detail"]
    assert using.entries.get("near").answer.endswith("30 euros.")
    assert (await admin.get("/admin/entries/near/warnings")).json() == near
    await admin.delete("/admin/entries/near")
    assert (
        await warned(admin, id="other", question="Where is the city archive?", answer="By the river.") == []
    )


async def test_what_was_given_may_be_sent_back(admin: httpx.AsyncClient) -> None:
    body = FEE | {"sources": [{"title": "x", "url": "http://localhost/x"}]}
    saved = (await admin.post("/admin/entries", json=body)).json()
    assert [each["kind"] for each in saved["warnings"]] == ["source"]
    assert (await admin.put("/admin/entries/fee", json=saved)).json() == saved


async def test_an_import_tells_the_same(admin: httpx.AsyncClient) -> None:
    await admin.post("/admin/entries", json=FEE)
    line = (
        '{"id": "x", "question": "What does the first dose cost me?",'
        ' "answer": "The first dose costs 30 euros.", "sources": [{"url": "https://example.com/x"}]}'
    )
    done = await admin.post("/admin/entries/import", content=line, headers=NDJSON)
    told = "\n".join(done.json()["warnings"])
    assert "is a placeholder" in told and 'nearly the same as "fee"' in told and "says otherwise" in told


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/a",
        "https://192.168.1.4/a",
        "http://10.0.0.1",
        "https://[::1]/a",
        "https://wiki/a",
        "https://wiki.intranet/a",
        "https://example.com/a",
        "https://www.example.org",
        "https://a..b.org",
        "https://agency.gov:port/a",
        "https://agency.123/a",
    ],
)
def test_addresses_that_look_dead(url: str) -> None:
    assert suspicion(url)


@pytest.mark.parametrize(
    "url", ["https://www.agency.gov/a?b=c", "http://bücher.de", "https://8.8.8.8/", "https://x-y.co.uk:8443/"]
)
def test_addresses_that_look_alive(url: str) -> None:
    assert suspicion(url) == ""


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ("- one\n- two", ["list"]),
        ("Yes.\n\n1. one\n2. two", ["list"]),
        ("You need:\n\n- one\n- two", []),
        ("## What you need\n\n- one\n- two", []),
        ("word " * 251, ["long"]),
        ("word " * 250, []),
    ],
)
def test_lists_and_length(answer: str, kinds: list[str]) -> None:
    assert [each.kind for each in remarks_on(entry(answer=answer.strip(), sources=()), 250)] == kinds


def test_a_contradiction_is_a_number_or_a_denial() -> None:
    said = entry("a", answer="You may drive 24 hours after the surgery. The clinic is open on Sundays.")
    for other, found in (
        ("You may drive 48 hours after the surgery.", True),
        ("The clinic is not open on Sundays.", True),
        ("You may drive 24 hours after the surgery.", False),
        ("Bring your passport.", False),
        ("No.", False),
    ):
        assert bool(contradiction(entry("b", answer=other), said)) is found, other
