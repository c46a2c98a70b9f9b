"""The gate over HTTP: what it holds back, what lets it through, and what it leaves alone."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from sqlmodel import Session

from app.release_gate.child import ExaminationFailed, Told
from app.release_gate.questions import Asked
from app.release_gate.verdicts import Answer, answer_of
from app.settings import Settings
from app.store.turns.conversations import ConversationRow, ExchangeRow, FeedbackRow
from knowledge.releases.files import read_entries
from knowledge.types import Entry
from pipeline.types import Citation, Outcome, Reply
from tests.app.api.test_admin import admin_of, job_done, until
from tests.fakes import entry, services

GONE = ("e1", "e2", "e3")


class ByHeart:
    """Asks releases that know their entries' questions and alternates by heart, and nothing else."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.error: Exception | None = None
        self.asked: list[Asked] = []

    def __call__(
        self, settings: Settings, before_id: str, after_id: str, questions: Sequence[Asked], told: Told
    ) -> list[tuple[Answer, Answer]]:
        while not self.go.wait(0.01):
            told(0)
        if self.error:
            raise self.error
        self.asked = list(questions)
        folders = [settings.data_dir / "releases" / each for each in (before_id, after_id)]
        before, after = ({entry.id: entry for entry in read_entries(folder)} for folder in folders)
        return [(_said(asked, before), _said(asked, after)) for asked in questions]


def _said(asked: Asked, entries: Mapping[str, Entry]) -> Answer:
    knowing = (e for e in entries.values() if asked.question.text in (e.question, *e.alternates))
    known = next(knowing, None)
    if known is None:
        return answer_of(asked, Reply("I have no answer to that.", Outcome.NO_ANSWER), entries, 250)
    text = f"{known.answer} [1]"
    citation = Citation(1, known.id, known.question, None, 0, len(known.answer))
    return answer_of(asked, Reply(text, Outcome.ANSWERED, (citation,)), entries, 250)


@pytest.fixture
def asking() -> ByHeart:
    return ByHeart()


@pytest.fixture
async def admin(tmp_path: Path, asking: ByHeart) -> AsyncIterator[httpx.AsyncClient]:
    """A service with ten entries live, and four gold questions."""
    using = services(tmp_path, live=False, ask=asking)
    for number in range(10):
        using.entries.create(entry(f"e{number}", alternates=(f"tell me of e{number}",)))
    async with admin_of(using) as client:
        client.using = using  # type: ignore[attr-defined]
        await until(lambda: using.releases.ready)  # a first release goes live as it is
        for entry_id in (*GONE, "e4"):
            body = {"question": f"tell me of {entry_id}", "entry_ids": [entry_id]}
            assert (await client.post("/admin/gold", json=body)).status_code == 201
        yield client


async def reindexed(admin: httpx.AsyncClient) -> dict[str, Any]:
    while (started := await admin.post("/admin/reindex")).status_code == 409:  # noqa: ASYNC110
        await anyio.sleep(0.01)  # the build before it is being recorded
    assert started.status_code == 202
    return await job_done(admin, started.json()["job_id"])


async def live_id(admin: httpx.AsyncClient) -> str:
    listed = (await admin.get("/admin/releases")).json()
    return str(next(release["release_id"] for release in listed if release["active"]))


async def lose_three(admin: httpx.AsyncClient) -> dict[str, Any]:
    """A candidate without three entries that gold questions want."""
    for entry_id in GONE:
        assert (await admin.delete(f"/admin/entries/{entry_id}")).status_code == 204
    return await reindexed(admin)


async def test_a_candidate_that_loses_gold_answers_stays_one_and_names_them(admin: httpx.AsyncClient) -> None:
    before = await live_id(admin)
    job = await lose_three(admin)
    assert (job["status"], job["held_back"], job["gate"]["status"]) == ("succeeded", True, "held")
    (bar,) = (bar for bar in job["gate"]["bars"] if bar["fell"])
    assert (bar["found"], bar["allowed"]) == (3, 0)
    assert sorted(bar["questions"]) == [f"tell me of {entry_id}" for entry_id in GONE]
    assert await live_id(admin) == before
    refused = await admin.post(f"/admin/releases/{job['release_id']}/activate")
    assert refused.status_code == 409
    assert all(f"tell me of {entry_id}" in refused.json()["detail"] for entry_id in GONE)
    assert refused.json()["bars"] == [bar]
    assert await live_id(admin) == before


async def test_force_activates_it_for_a_reason_that_is_kept(admin: httpx.AsyncClient) -> None:
    job = await lose_three(admin)
    address = f"/admin/releases/{job['release_id']}/activate"
    assert (await admin.post(address, json={"force": True})).status_code == 422
    forced = await admin.post(address, json={"force": True, "reason": "they were wrong"})
    assert forced.status_code == 200
    assert forced.json()["active"] and forced.json()["gate"]["status"] == "forced"
    assert "they were wrong" in forced.json()["gate"]["reason"]
    acts = admin.using.audit.page(act="release.forced").acts  # type: ignore[attr-defined]
    assert [(act.subject, act.detail["reason"]) for act in acts] == [(job["release_id"], "they were wrong")]


async def test_rolling_back_takes_no_second(admin: httpx.AsyncClient) -> None:
    before = await live_id(admin)
    await admin.post("/admin/entries", json={"id": "new", "question": "What is new?", "answer": "This."})
    assert (await reindexed(admin))["gate"]["status"] == "passed"
    assert await live_id(admin) != before
    started = time.perf_counter()
    assert (await admin.post(f"/admin/releases/{before}/activate")).status_code == 200
    assert time.perf_counter() - started < 1
    assert await live_id(admin) == before


async def test_a_diff_is_paged_and_filtered(admin: httpx.AsyncClient) -> None:
    changed = {"question": "What about e4?", "answer": "Another thing.", "alternates": ["tell me of e4"]}
    await admin.put("/admin/entries/e4", json=changed)
    job = await lose_three(admin)
    address = f"/admin/releases/{job['release_id']}/diff"
    whole = (await admin.get(address)).json()
    assert whole["total"] == job["gate"]["counts"]["asked"] == 5
    assert [item["lost"] for item in whole["items"]] == [True] * 3 + [False] * 2
    first = whole["items"][0]
    assert (first["before"]["entry_ids"], first["after"]["outcome"]) == (["e3"], "no_answer")
    refused = (await admin.get(address, params={"verdict": "refused_now", "limit": 2})).json()
    assert (refused["total"], len(refused["items"])) == (3, 2)
    reworded = (await admin.get(address, params={"verdict": "changed"})).json()
    assert {item["source"] for item in reworded["items"]} == {"gold", "touched"}
    assert (await admin.get("/admin/releases/none/diff")).status_code == 404


async def test_a_setting_says_how_much_may_be_lost(tmp_path: Path, asking: ByHeart) -> None:
    using = services(tmp_path, live=False, ask=asking, gate_lost_gold=3)
    for number in range(10):
        using.entries.create(entry(f"e{number}"))
    async with admin_of(using) as admin:
        await until(lambda: using.releases.ready)
        for entry_id in GONE:
            await admin.post(
                "/admin/gold", json={"question": f"What about {entry_id}?", "entry_ids": [entry_id]}
            )
        job = await lose_three(admin)
        assert (job["held_back"], job["gate"]["counts"]["lost"]) == (False, 3)


async def test_what_users_liked_and_asked_is_asked_too(admin: httpx.AsyncClient, asking: ByHeart) -> None:
    _exchange(admin, "m1", "tell me of e5", "up")
    _exchange(admin, "m2", "tell me of e6", "down")
    _exchange(admin, "m3", "tell me of e7")
    await admin.delete("/admin/entries/e5")
    job = await reindexed(admin)
    sources = [(asked.source.value, asked.ref, len(asked.question.history)) for asked in asking.asked]
    assert sources[4:] == [("rated", "m1", 0), ("rated", "m2", 2), ("recent", "m3", 4)]
    assert job["held_back"] and "answers rated up" in job["gate"]["bars"][1]["sentence"]
    with Session(admin.using.engine) as session, session.begin():  # type: ignore[attr-defined]
        session.delete(session.get(ConversationRow, "c"))
    diff = (await admin.get(f"/admin/releases/{job['release_id']}/diff")).json()
    assert {item["source"] for item in diff["items"]} == {"gold"}  # what was said is gone everywhere


def _exchange(admin: httpx.AsyncClient, message_id: str, message: str, rating: str = "") -> None:
    with Session(admin.using.engine) as session, session.begin():  # type: ignore[attr-defined]
        session.merge(ConversationRow(id="c"))
        session.flush()
        said: dict[str, Any] = {"reply": "This.", "outcome": "answered", "citations": [], "suggestions": []}
        session.add(ExchangeRow(message_id=message_id, conversation_id="c", message=message, **said))
        session.flush()
        if rating:
            session.add(FeedbackRow(message_id=message_id, rating=rating))


async def test_a_wrong_turn_becomes_gold_in_one_call(admin: httpx.AsyncClient) -> None:
    _exchange(admin, "m1", "about e5")
    _exchange(admin, "m2", "and e6?")
    made = await admin.post("/admin/turns/m2/gold", json={"entry_ids": ["e6"]})
    assert made.status_code == 201
    gold = (await admin.get(made.headers["Location"])).json()
    assert (gold["question"], gold["entry_ids"], gold["created_by"]) == ("and e6?", ["e6"], "admin")
    assert [said["content"] for said in gold["history"]] == ["about e5", "This."]
    assert (await admin.post("/admin/turns/none/gold", json={"outcome": "declined"})).status_code == 404
    assert (await admin.post("/admin/turns/m2/gold", json={})).status_code == 422


async def test_gold_is_listed_changed_and_deleted(admin: httpx.AsyncClient) -> None:
    listed = (await admin.get("/admin/gold", params={"text": "of E4"})).json()
    (gold,) = listed["items"]
    changed = {"question": "why e4?", "outcome": "no_answer", "active": False}
    assert (await admin.put(f"/admin/gold/{gold['id']}", json=changed)).json()["outcome"] == "no_answer"
    assert (await admin.delete(f"/admin/gold/{gold['id']}")).status_code == 204
    assert (await admin.get(f"/admin/gold/{gold['id']}")).status_code == 404
    wrong = {"question": "x", "entry_ids": ["e1"], "outcome": "declined"}
    assert (await admin.post("/admin/gold", json=wrong)).status_code == 422
    twice = {"id": "mine", "question": "x", "entry_ids": ["e1"]}
    assert [(await admin.post("/admin/gold", json=twice)).status_code for _ in "ab"] == [201, 409]


async def test_a_candidate_can_be_tried(admin: httpx.AsyncClient) -> None:
    job = await lose_three(admin)
    tried = await admin.post(f"/admin/releases/{job['release_id']}/ask", json={"message": "can it?"})
    assert tried.status_code == 200
    assert (tried.json()["outcome"], tried.json()["entry_ids"]) == ("answered", ["dna"])
    assert (await admin.get("/admin/turns")).json()["total"] == 0
    assert (await admin.post("/admin/releases/none/ask", json={"message": "can it?"})).status_code == 404


async def test_changes_that_are_not_live_are_counted_everywhere(admin: httpx.AsyncClient) -> None:
    async def waiting() -> set[int]:
        entries, releases = await admin.get("/admin/entries"), await admin.get("/admin/releases")
        return {entries.json()["changes_not_live"], int(releases.headers["X-Changes-Not-Live"])}

    assert await waiting() == {0}
    await admin.delete("/admin/entries/e9")
    await admin.post("/admin/entries", json={"id": "new", "question": "What is new?", "answer": "This."})
    await admin.put("/admin/entries/e8", json={"question": "What about e8?", "answer": "Another thing."})
    assert await waiting() == {3}
    await admin.post("/admin/entries", json={"id": "d", "question": "A?", "answer": "B.", "status": "draft"})
    assert await waiting() == {3}
    await reindexed(admin)
    assert await waiting() == {0}


async def test_a_gate_that_fails_leaves_everything_as_it_is(
    admin: httpx.AsyncClient, asking: ByHeart
) -> None:
    before, asking.error = await live_id(admin), ExaminationFailed("The gate could not ask.")
    await admin.delete("/admin/entries/e9")
    job = await reindexed(admin)
    assert (job["status"], job["error"]) == ("failed", "The gate could not ask.")
    assert await live_id(admin) == before
    listed = (await admin.get("/admin/releases")).json()
    candidate = next(release for release in listed if not release["active"])
    assert candidate["standing"] == "candidate"
    refused = await admin.post(f"/admin/releases/{candidate['release_id']}/activate")
    assert refused.status_code == 409 and "interrupted" in refused.json()["detail"]


async def test_a_stop_while_asking_interrupts_the_job(tmp_path: Path, asking: ByHeart) -> None:
    using = services(tmp_path, live=False, ask=asking)
    using.entries.create(entry("e1"))
    async with admin_of(using) as admin:
        await until(lambda: using.releases.ready)
        before = await live_id(admin)
        using.entries.create(entry("e2"))
        asking.go.clear()
        while (started := await admin.post("/admin/reindex")).status_code == 409:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        job_id = started.json()["job_id"]
    assert using.jobs.get(job_id).status == "interrupted"
    assert [(info.id, info.active) for info in using.releases.list() if info.active] == [(before, True)]


async def test_with_the_gate_off_everything_goes_live(tmp_path: Path, asking: ByHeart) -> None:
    using = services(tmp_path, live=False, ask=asking, gate=False)
    for number in range(10):
        using.entries.create(entry(f"e{number}"))
    async with admin_of(using) as admin:
        await until(lambda: using.releases.ready)
        job = await lose_three(admin)
        assert (job["held_back"], job["gate"], asking.asked) == (False, None, [])


async def test_another_knowledge_base_is_not_held_against_the_one_before(
    tmp_path: Path, asking: ByHeart
) -> None:
    using = services(tmp_path, live=False, ask=asking)
    using.entries.create(entry("e1"))
    async with admin_of(using) as admin:
        admin.using = using  # type: ignore[attr-defined]
        await until(lambda: using.releases.ready)
        _exchange(admin, "m1", "What about e1?", "up")
        using.entries.delete("e1")
        using.entries.create(entry("own"))
        assert not (await reindexed(admin))["held_back"]
        assert [asked.ref for asked in asking.asked] == ["own"]
