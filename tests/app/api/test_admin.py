"""The admin side: who gets in, entries, releases, jobs and traces."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from app.api.routes.curation.entries import XLSX
from app.compose.services import Services
from app.main import create_app
from knowledge.index.embedding_cache import EmbedResult
from knowledge.sheets.workbook_export import template_xlsx
from tests.fakes import TOKEN, client_of, embed_all, services

BEARER = {"Authorization": f"Bearer {TOKEN}"}
NDJSON = {"Content-Type": "application/x-ndjson"}
RECORD = {
    "id": "dna",
    "topic": "ingredients",
    "question": "Can it change my DNA?",
    "answer": "No. It never enters the nucleus.",
    "alternates": ["does it mess with my genes"],
    "misconceptions": ["It alters human DNA"],
    "sources": [{"title": "A source", "url": "https://agency.gov/dna"}],
    "reviewed_on": "2026-01-01",
    "valid_until": None,
    "status": "approved",
}
CALLS = [
    ("GET", "/admin/entries"),
    ("POST", "/admin/entries"),
    ("GET", "/admin/entries/dna"),
    ("PUT", "/admin/entries/dna"),
    ("DELETE", "/admin/entries/dna"),
    ("POST", "/admin/entries/import"),
    ("GET", "/admin/entries/export"),
    ("POST", "/admin/reindex"),
    ("GET", "/admin/reindex/x"),
    ("GET", "/admin/releases"),
    ("POST", "/admin/releases/x/activate"),
    ("GET", "/admin/turns"),
    ("GET", "/admin/turns/x"),
    ("GET", "/admin/documents"),
    ("POST", "/admin/documents"),
    ("DELETE", "/admin/documents/x"),
    ("GET", "/admin/gaps"),
    ("GET", "/admin/gaps/x"),
    ("POST", "/admin/gaps/x/entry"),
    ("POST", "/admin/gaps/x/draft"),
    ("POST", "/admin/gaps/x/alternates"),
    ("POST", "/admin/gaps/x/dismiss"),
    ("POST", "/admin/gaps/x/reopen"),
    ("GET", "/admin/feedback"),
    ("GET", "/admin/suggestions"),
    ("POST", "/admin/suggestions/x/accept"),
    ("POST", "/admin/suggestions/x/dismiss"),
]


class SlowEmbedder:
    """Embeds once `go` is set, so that a build can be met under way."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(
        self, texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None
    ) -> EmbedResult:
        assert self.go.wait(20)
        return embed_all(texts, on_progress)


@asynccontextmanager
async def admin_of(using: Services) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's client, once the service has looked at what the last process left."""
    async with client_of(create_app(using), started=True) as client:
        client.headers.update(BEARER)
        await until(lambda: using.releases.recovered)
        yield client


@pytest.fixture
async def admin(using: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with admin_of(using) as client:
        yield client


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what another thread brings about."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110
            await anyio.sleep(0.01)


async def job_done(admin: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    with anyio.fail_after(20):
        while True:
            job: dict[str, Any] = (await admin.get(f"/admin/reindex/{job_id}")).json()
            if job["status"] not in ("queued", "running"):
                return job
            await anyio.sleep(0.01)


@pytest.mark.parametrize(("method", "address"), CALLS)
async def test_every_admin_call_needs_the_token(tmp_path: Path, method: str, address: str) -> None:
    async with client_of(create_app(services(tmp_path))) as client:
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            response = await client.request(method, address, headers=given, json=RECORD)
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
    async with client_of(create_app(services(tmp_path, admin_token=None))) as client:
        for given in ({}, BEARER, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
            assert (await client.request(method, address, headers=given, json=RECORD)).status_code == 403


async def test_the_token_is_asked_for_before_the_body_is_read(tmp_path: Path) -> None:
    for token, status in ((TOKEN, 401), (None, 403)):
        using = services(tmp_path, admin_token=token and SecretStr(token))
        async with client_of(create_app(using)) as client:
            client.headers["Content-Type"] = "application/json"
            assert (await client.post("/admin/entries", content=b"{broken")).status_code == status
            assert (await client.put("/admin/entries/dna", content=b"{broken")).status_code == status


async def test_an_entry_is_made_read_replaced_and_deleted(admin: httpx.AsyncClient) -> None:
    made = await admin.post("/admin/entries", json=RECORD)
    assert (made.status_code, made.headers["Location"]) == (201, "/admin/entries/dna")
    assert (await admin.get("/admin/entries/dna")).json() == RECORD
    assert (await admin.post("/admin/entries", json=RECORD)).status_code == 409
    changed = RECORD | {"answer": "No."}
    assert (await admin.put("/admin/entries/dna", json=changed)).json() == changed
    assert (await admin.put("/admin/entries/other", json=RECORD)).status_code == 422
    assert (await admin.delete("/admin/entries/dna")).status_code == 204
    for gone in (admin.get("/admin/entries/dna"), admin.delete("/admin/entries/dna")):
        assert (await gone).status_code == 404
    assert (await admin.put("/admin/entries/dna", json=RECORD)).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "Not A Slug"},
        {"question": " "},
        {"status": "maybe"},
        {"sources": [{"title": "x", "url": "javascript:alert(1)"}]},
        {"colour": "blue"},
    ],
)
async def test_a_wrong_entry_is_a_422(admin: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    response = await admin.post("/admin/entries", json=RECORD | wrong)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


async def test_entries_are_paged_and_filtered(admin: httpx.AsyncClient) -> None:
    for number in range(3):
        await admin.post("/admin/entries", json=RECORD | {"id": f"e{number}", "topic": f"t{number % 2}"})
    page = (await admin.get("/admin/entries", params={"limit": 1, "offset": 1})).json()
    assert ([item["id"] for item in page["items"]], page["total"]) == (["e1"], 3)
    assert (await admin.get("/admin/entries", params={"topic": "t0"})).json()["total"] == 2
    assert (await admin.get("/admin/entries", params={"status": "draft"})).json()["total"] == 0
    assert (await admin.get("/admin/entries", params={"text": "MY dna"})).json()["total"] == 3
    for wrong in ({"limit": 0}, {"offset": -1}, {"status": "x"}):
        assert (await admin.get("/admin/entries", params=wrong)).status_code == 422


async def test_what_was_exported_is_taken_back_unchanged(admin: httpx.AsyncClient) -> None:
    await admin.post("/admin/entries", json=RECORD)
    exported = await admin.get("/admin/entries/export")
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    again = await admin.post("/admin/entries/import", content=exported.content, headers=NDJSON)
    counts = {"created": 0, "updated": 0, "unchanged": 1, "removed": 0}
    assert again.json() == {**counts, "ignored_fields": [], "warnings": []}
    assert (await admin.get("/admin/entries/export")).content == exported.content


async def test_an_import_with_a_bad_line_changes_nothing(admin: httpx.AsyncClient) -> None:
    lines = "\n".join([json.dumps(RECORD), "{broken", json.dumps(RECORD | {"id": "b", "answer": ""})])
    response = await admin.post("/admin/entries/import", content=lines, headers=NDJSON)
    assert response.status_code == 422
    assert [error["line"] for error in response.json()["errors"]] == [2, 3]
    assert (await admin.get("/admin/entries")).json()["total"] == 0


async def test_import_takes_csv_replaces_and_refuses_other_types(admin: httpx.AsyncClient) -> None:
    await admin.post("/admin/entries", json=RECORD)
    rows = "id,question,answer\na,Is it?,Yes.\nb,Was it?,No.\n"
    csv = {"Content-Type": "text/csv; charset=utf-8"}
    replaced = await admin.post("/admin/entries/import?mode=replace", content=rows, headers=csv)
    assert (replaced.json()["created"], replaced.json()["removed"]) == (2, 1)
    broken = await admin.post("/admin/entries/import", content='id,question,answer\na,"x\n', headers=csv)
    assert broken.status_code == 422
    other = {"Content-Type": "application/pdf"}
    assert (await admin.post("/admin/entries/import", content=b"%PDF", headers=other)).status_code == 415
    assert (await admin.post("/admin/entries/import?mode=x", content=rows, headers=csv)).status_code == 422


async def test_import_takes_what_spreadsheets_write(admin: httpx.AsyncClient) -> None:
    await admin.post("/admin/entries", json=RECORD)
    rows = f"ID;Question;Answer\r\n{RECORD['id']};{RECORD['question']};Café – neu.\r\n".encode("cp1252")
    done = await admin.post("/admin/entries/import", content=rows, headers={"Content-Type": "text/csv"})
    assert (done.json()["updated"], done.json()["warnings"]) == (
        1,
        ["read as Windows-1252, separated by semicolons"],
    )
    stored = (await admin.get(f"/admin/entries/{RECORD['id']}")).json()
    assert stored["answer"] == "Café – neu." and stored["sources"] == RECORD["sources"] != []
    book = io.BytesIO()
    template_xlsx(book)
    empty = await admin.post("/admin/entries/import", content=book.getvalue(), headers={"Content-Type": XLSX})
    assert empty.status_code == 200 and empty.json()["created"] == 0
    cut = await admin.post("/admin/entries/import", content=b"PK\x03\x04", headers={"Content-Type": XLSX})
    assert cut.status_code == 422 and "damaged" in cut.json()["errors"][0]["detail"]


async def test_an_import_may_be_larger_than_a_message_but_not_without_end(tmp_path: Path) -> None:
    using = services(tmp_path, body_limit_bytes=1024, import_limit_bytes=4096)
    async with client_of(create_app(using)) as client:
        client.headers.update(BEARER)
        line = json.dumps(RECORD | {"answer": "x" * 2000})
        assert (await client.post("/admin/entries/import", content=line, headers=NDJSON)).status_code == 200
        assert (
            await client.post("/admin/entries/import", content=line * 3, headers=NDJSON)
        ).status_code == 413
        assert (await client.post("/admin/entries", content=line)).status_code == 413


async def test_reindex_makes_a_release_that_serves(admin: httpx.AsyncClient, using: Services) -> None:
    await admin.post("/admin/entries", json=RECORD)
    begun = await admin.post("/admin/reindex")
    assert begun.status_code == 202
    job = await job_done(admin, begun.json()["job_id"])
    assert (job["status"], job["progress"], job["error"]) == ("succeeded", 1.0, None)
    assert job["counts"]["entries"] == 1
    assert using.live.release_id == job["release_id"]
    releases = (await admin.get("/admin/releases")).json()
    assert [(item["release_id"], item["active"]) for item in releases] == [(job["release_id"], True)]
    assert (await admin.get("/admin/reindex/nope")).status_code == 404


async def test_a_second_reindex_is_told_of_the_first(tmp_path: Path) -> None:
    embed = SlowEmbedder()
    using = services(tmp_path, embed=embed)
    async with admin_of(using) as client:
        await client.post("/admin/entries", json=RECORD)
        first = await client.post("/admin/reindex")
        second = await client.post("/admin/reindex")
        assert (first.status_code, second.status_code) == (202, 409)
        assert second.json()["job_id"] == first.json()["job_id"]
        assert second.headers["content-type"] == "application/problem+json"
        embed.go.set()
        assert (await job_done(client, first.json()["job_id"]))["status"] == "succeeded"
        assert (await client.post("/admin/reindex")).status_code == 202


async def test_a_failed_build_is_told_and_the_live_release_stays(tmp_path: Path) -> None:
    from knowledge.errors import StorageFailed

    def full(texts: Sequence[str], on_progress: object = None) -> EmbedResult:
        raise StorageFailed("The disk is full.")

    using = services(tmp_path, embed=full)
    async with admin_of(using) as client:
        await client.post("/admin/entries", json=RECORD)
        job = await job_done(client, (await client.post("/admin/reindex")).json()["job_id"])
        assert (job["status"], job["error"]) == ("failed", "The disk is full.")
        assert using.live.release_id == "r1"
        assert (await client.post("/chat", json={"message": "hi"})).status_code == 200


async def test_rolling_back_and_what_cannot_be_activated(
    admin: httpx.AsyncClient, using: Services, tmp_path: Path
) -> None:
    made = []
    for answer in ("No.", "No, never."):
        await admin.post(
            "/admin/entries/import", content=json.dumps(RECORD | {"answer": answer}), headers=NDJSON
        )
        made.append(
            (await job_done(admin, (await admin.post("/admin/reindex")).json()["job_id"]))["release_id"]
        )
    first, second = made
    back = await admin.post(f"/admin/releases/{first}/activate")
    assert (back.status_code, back.json()["active"], using.live.release_id) == (200, True, first)
    for file in (tmp_path / "releases" / second).iterdir():
        if file.is_file():
            file.write_bytes(b"broken")
    refused = await admin.post(f"/admin/releases/{second}/activate")
    assert (refused.status_code, using.live.release_id) == (409, first)
    assert (await admin.post("/admin/releases/nope/activate")).status_code == 404


async def test_a_release_activated_by_another_process_is_followed(tmp_path: Path) -> None:
    here, there = services(tmp_path), services(tmp_path)
    async with client_of(create_app(here), started=True) as client:
        await until(lambda: here.releases.recovered)
        base = there.releases._open_base()
        made = base.builder.build([*_entries(1)])[0].id
        await until(lambda: here.live.release_id == made)
        again = base.builder.build([*_entries(2)])[0].id
        await until(lambda: here.live.release_id == again)
        assert (await client.get("/version")).json()["release_id"] == again


async def test_a_job_of_a_dead_process_is_interrupted_at_start(tmp_path: Path) -> None:
    using = services(tmp_path)
    job_id = using.jobs.begin("reindex")
    async with client_of(create_app(using), started=True) as client:
        client.headers.update(BEARER)
        await until(lambda: using.jobs.get(job_id).status == "interrupted")
        assert (await client.get(f"/admin/reindex/{job_id}")).json()["error"]


async def test_a_build_is_given_up_when_the_service_stops(tmp_path: Path) -> None:
    embed = SlowEmbedder()
    using = services(tmp_path, embed=embed)
    async with admin_of(using) as client:
        await client.post("/admin/entries", json=RECORD)
        job_id = (await client.post("/admin/reindex")).json()["job_id"]
        threading.Timer(0.2, embed.go.set).start()
        started = time.monotonic()
    assert time.monotonic() - started < 10
    assert using.jobs.get(job_id).status == "interrupted"


async def test_turns_are_listed_with_their_steps(admin: httpx.AsyncClient) -> None:
    reply = (await admin.post("/chat", json={"message": "does it?"})).json()
    page = (await admin.get("/admin/turns", params={"outcome": "answered"})).json()
    assert (page["total"], page["items"][0]["message_id"]) == (1, reply["message_id"])
    assert "steps" not in page["items"][0]
    assert (await admin.get("/admin/turns", params={"outcome": "off_topic"})).json()["total"] == 0
    turn = (await admin.get(f"/admin/turns/{reply['message_id']}")).json()
    assert turn["steps"][0]["step"] == "TopicVerdict"
    assert (turn["question"], turn["feedback"]) == ("does it?", None)
    assert (await admin.get("/admin/turns/nope")).status_code == 404


def _entries(count: int) -> Any:  # noqa: ANN401
    from tests.fakes import entry

    return (entry(f"e{number}") for number in range(count))
