"""From a gap to a draft that quotes listed sites: searched on a curator's click alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from app.curation.site_search import NOTHING
from app.store.curators import Role
from app.store.jobs import JobStatus
from knowledge.types import EntryStatus
from tests.app.api.test_admin import until
from tests.app.console.seats import seat
from tests.app.curation.conversing import Told, Users, users_of
from tests.app.curation.test_gap_entries import gap_id_of
from tests.app.curation.test_gaps import PARKING
from tests.knowledge.documents.test_crawling import Pages, pages, server

__all__ = ["pages", "server"]
ANSWER = "You can park your car behind the hall, where parking is free."


@pytest.fixture
async def users(tmp_path: Path, pages: Pages) -> AsyncIterator[Users]:
    link = '<main><a href="/parking">Where to park</a></main>'
    pages.has["/search"] = (200, "text/html", link.encode())
    pages.page("/parking", "Where can I park?", ANSWER)
    sites = (f"{pages.address}/search?q={{query}}",)
    async with users_of(tmp_path, Told(), search_sites=sites) as made:
        yield made


async def searched(users: Users, gap_id: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401
    begun = await users.client.post(f"/admin/gaps/{gap_id}/search", json=body)
    assert begun.status_code == 202, begun.text
    with anyio.fail_after(20):
        while True:
            job = await users.get(f"gaps/{gap_id}/search/{begun.json()['job_id']}")
            if job["status"] not in ("queued", "running"):
                return job
            await anyio.sleep(0.01)


async def test_a_gap_becomes_a_draft_that_quotes_a_listed_site(users: Users, pages: Pages) -> None:
    gap_id = await gap_id_of(users, *PARKING)
    job = await searched(users, gap_id, query="Where can I park my car?")
    assert (job["status"], job["error"]) == (JobStatus.SUCCEEDED, None)
    assert job["counts"] == {"pages": 1, "passages": 1, "left_out": 0}
    draft = users.using.entries.get(job["entry_id"])
    assert draft.status is EntryStatus.DRAFT
    assert f"> {ANSWER}" in draft.answer
    assert [source.url for source in draft.sources] == [f"{pages.address}/parking"]
    assert {draft.question, *draft.alternates} == set(PARKING)
    assert "q=Where+can+I+park+my+car%3F" in pages.queries
    reply = await users.say("Where can I park my car?")
    assert ANSWER not in reply["reply"]
    act = users.using.audit.page(act="gap.drafted").acts[0]
    assert act.detail == {"entry_id": draft.id, "query": "Where can I park my car?"}
    again = await users.client.post(f"/admin/gaps/{gap_id}/search")
    assert (again.status_code, again.json()["entry_id"]) == (409, draft.id)


async def test_no_site_is_asked_before_a_curator_asks(users: Users, pages: Pages) -> None:
    await gap_id_of(users, *PARKING)
    assert pages.asked == []


async def test_what_is_not_near_makes_no_draft_and_it_is_said_why(users: Users, pages: Pages) -> None:
    gap_id = await gap_id_of(users, *PARKING)
    pages.page("/parking", "Opening hours", "Mondays to Fridays from nine to five.")
    job = await searched(users, gap_id)
    assert job["status"] == JobStatus.FAILED
    assert job["error"] == f"{NOTHING} 1 page was read."
    pages.has["/search"] = (503, "text/plain", b"")
    assert "answers with status 503" in (await searched(users, gap_id))["error"]
    assert users.using.entries.count() == 0


async def test_what_holds_personal_data_is_not_asked_elsewhere(users: Users, pages: Pages) -> None:
    gap_id = await gap_id_of(users, "mail me at zelda@example.org where to park")
    refused = await users.client.post(f"/admin/gaps/{gap_id}/search")
    assert refused.status_code == 422 and "no personal data" in refused.json()["detail"]
    assert pages.asked == []


async def test_without_sites_nothing_is_searched(tmp_path: Path) -> None:
    async with users_of(tmp_path, Told()) as users:
        gap_id = await gap_id_of(users, *PARKING)
        refused = await users.client.post(f"/admin/gaps/{gap_id}/search")
        assert refused.status_code == 409 and "CANDOR_SEARCH_SITES" in refused.json()["detail"]


async def test_the_console_searches_what_the_curator_sees(users: Users) -> None:
    gap_id = await gap_id_of(users, *PARKING)
    page = f"/admin/ui/gaps/{gap_id}"
    async with seat(users.using, Role.VIEWER) as viewer:
        assert "Search for a draft" not in (await viewer.get(page)).text
    async with seat(users.using, Role.EDITOR) as editor:
        assert "Search for a draft" in (await editor.get(page)).text
        begun = await editor.post(f"{page}/search", query="Where can I park my car?")
        shown, _, job_id = begun.headers["Location"].partition("?job=")
        assert (begun.status_code, shown) == (303, page)
        await until(lambda: users.using.jobs.get(job_id).status == JobStatus.SUCCEEDED)
        part = (await editor.get(f"{page}/search/{job_id}")).text
        assert "It quotes 1 passage; 1 page was read." in part
        assert "Read and rewrite it" in (await editor.get(f"{page}?job={job_id}")).text


async def test_one_search_runs_at_a_time(users: Users) -> None:
    gap_id = await gap_id_of(users, *PARKING)
    users.using.jobs.begin("search")
    refused = await users.client.post(f"/admin/gaps/{gap_id}/search")
    assert refused.status_code == 409 and "searched already" in refused.json()["detail"]
