"""From an empty folder to ready, and what the service tells of itself."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from app.compose.models import Models
from app.compose.services import build_services, prepared_database
from app.logs import JsonFormatter, request_id
from app.main import create_app
from app.settings import SettingsError
from app.store.jobs import SILENCE, JobRunning, JobStore
from knowledge.encoders.batching import BatchedEncoder
from knowledge.encoders.types import EncoderFailed
from knowledge.index.embedding_cache import EmbedResult
from knowledge.releases.releases import Releases
from tests.app.api.test_admin import BEARER, job_done, until
from tests.fakes import HashEncoder, ScriptedChat, answered, client_of, entry, services, settings

ENTRY = "---\nid: {id}\nquestion: Is {id} safe?\n---\nYes. It is well tested.\n"

SEEDS = Path(__file__).parents[2] / "seeds"


async def test_it_is_live_at_once_and_ready_once_a_release_is_loaded(tmp_path: Path) -> None:
    using = services(tmp_path, live=False)
    async with client_of(create_app(using)) as client:
        assert (await client.get("/health/live")).status_code == 200
        early = await client.get("/health/ready")
        assert (early.status_code, early.headers["content-type"]) == (503, "application/problem+json")
        assert int(early.headers["Retry-After"]) > 0
        assert (await client.get("/admin/releases", headers=BEARER)).status_code == 503


async def test_a_first_start_takes_the_seeds_and_a_second_one_does_not(tmp_path: Path) -> None:
    seeds, data = tmp_path / "seeds", tmp_path / "data"
    (seeds / "kb").mkdir(parents=True)
    for name in ("one", "two"):
        (seeds / "kb" / f"{name}.md").write_text(ENTRY.format(id=name))
    first = services(data, live=False, seeds_dir=seeds)
    async with client_of(create_app(first), started=True) as client:
        await until(lambda: first.releases.ready)
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert {entry.id for entry in first.entries.all()} == {"one", "two"}
        assert f'release_id="{first.live.release_id}"' in (await client.get("/metrics")).text
        first.entries.delete("one")
        first.entries.delete("two")
    second = services(data, live=False, seeds_dir=seeds)
    async with client_of(create_app(second), started=True):
        await until(lambda: second.releases.ready)
        assert second.live.release_id == first.live.release_id
        assert second.entries.count() == 0


async def test_an_empty_service_says_what_it_waits_for(tmp_path: Path) -> None:
    using = services(tmp_path, live=False)
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.recovered)
        assert "import" in (await client.get("/health/ready")).json()["detail"]


async def test_metrics_can_be_read_by_prometheus(client: httpx.AsyncClient) -> None:
    await client.post("/chat", json={"message": "hi"})
    families = {family.name for family in text_string_to_metric_families((await client.get("/metrics")).text)}
    assert {"candor_turns", "candor_turn_seconds", "candor_stage_seconds", "candor_shed"} <= families


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert not address.startswith(("http", "/"))
        assert (await client.get(f"/{address}")).status_code == 200


async def test_only_the_page_may_be_framed_and_only_by_origins_that_are_named(tmp_path: Path) -> None:
    using = services(tmp_path, frame_origins=("https://front.example",))
    async with client_of(create_app(using)) as client:
        page, other = [(await client.get(path)).headers for path in ("/", "/version")]
    assert "frame-ancestors 'self' https://front.example" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in other["Content-Security-Policy"]


SDK_HEADERS = "authorization,content-type,x-stainless-arch,x-stainless-lang,x-stainless-retry-count"


@pytest.mark.parametrize("path", ["/chat", "/v1/chat/completions", "/v1/answers"])
async def test_another_origin_is_let_in_only_where_it_is_named(tmp_path: Path, path: str) -> None:
    asking = {
        "Origin": "https://front.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": SDK_HEADERS,
    }
    async with client_of(create_app(services(tmp_path))) as client:
        assert "Access-Control-Allow-Origin" not in (await client.options(path, headers=asking)).headers
    named = services(tmp_path, cors_origins=("https://front.example",))
    async with client_of(create_app(named)) as client:
        allowed = await client.options(path, headers=asking)
        assert allowed.status_code == 200
        assert allowed.headers["Access-Control-Allow-Origin"] == asking["Origin"]
        let_through = allowed.headers["Access-Control-Allow-Headers"].lower().replace(" ", "").split(",")
        assert set(SDK_HEADERS.split(",")) <= set(let_through)
        assert "Access-Control-Allow-Credentials" not in allowed.headers  # a key is sent, never a cookie
        other = await client.options(path, headers={**asking, "Origin": "https://other.example"})
        assert (other.status_code, "Access-Control-Allow-Origin" in other.headers) == (400, False)


async def test_a_front_end_elsewhere_reads_replies_and_errors(tmp_path: Path) -> None:
    named = services(tmp_path, cors_origins=("https://front.example",))
    headers = {"Origin": "https://front.example", "Authorization": "Bearer any", "X-Stainless-Lang": "js"}
    ask = {"messages": [{"role": "user", "content": "hi"}]}
    async with client_of(create_app(named)) as client:
        for model, status in (("candor", 200), ("another", 404)):
            response = await client.post(
                "/v1/chat/completions", json={**ask, "model": model}, headers=headers
            )
            assert response.status_code == status
            assert response.headers["Access-Control-Allow-Origin"] == "https://front.example"


async def test_logs_are_json_with_the_request_and_without_what_was_said(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await client.post("/chat", json={"message": "canary-said"}, headers={"X-Request-ID": "r-1"})
    line = next(record for record in caplog.records if record.name == "candor.requests")
    request_id.set("r-1")
    logged = json.loads(JsonFormatter().format(line))
    assert {"method": "POST", "path": "/chat", "status": 200, "request_id": "r-1"}.items() <= logged.items()
    assert "canary" not in caplog.text


def test_a_data_folder_that_cannot_be_made_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="CANDOR_DATA_DIR"):
        prepared_database(settings(tmp_path / "file" / "data"))


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "candor.db").mkdir()
    with pytest.raises(SettingsError, match="database"):
        prepared_database(settings(tmp_path))


async def test_after_a_stop_the_database_is_one_whole_file(tmp_path: Path) -> None:
    using = services(tmp_path)
    async with client_of(create_app(using), started=True) as client:
        await client.post("/chat", json={"message": "hello"})
        assert (tmp_path / "candor.db-wal").exists()
    assert not (tmp_path / "candor.db-wal").exists()


@pytest.mark.parametrize("url", ["nonsense", "nodatabase://me:secret-word@host/name"])
def test_a_database_url_that_cannot_be_read_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="CANDOR_DATABASE_URL") as told:
        prepared_database(settings(tmp_path, database_url=url))
    assert "secret-word" not in str(told.value)


def test_a_database_whose_driver_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match="CANDOR_DATABASE_URL needs the package psycopg"):
        prepared_database(settings(tmp_path, database_url="postgresql+psycopg://me@host/name"))


def test_one_job_of_a_kind_at_a_time_unless_the_other_fell_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = JobStore(prepared_database(settings(tmp_path)))
    first = jobs.begin("reindex")
    with pytest.raises(JobRunning) as running:
        jobs.begin("reindex")
    assert running.value.job_id == first
    monkeypatch.setattr("app.store.jobs.now", lambda: jobs.get(first).seen_at + 2 * SILENCE)
    second = jobs.begin("reindex")
    assert (jobs.get(first).status, jobs.get(second).status) == ("interrupted", "queued")
    jobs.beat(first, 0.9)
    assert jobs.get(first).status == "interrupted"


def lock_once(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> list[str]:
    """Makes the first call of a method fail as a locked database does; gives the calls."""
    real, calls = getattr(owner, name), []

    def locked(*given: object) -> object:
        calls.append(name)
        if len(calls) == 1:
            raise OperationalError("SELECT 1", {}, Exception("database is locked"))
        return real(*given)

    monkeypatch.setattr(owner, name, locked)
    monkeypatch.setattr("app.compose.release_service._WAITS_S", (0.01,))
    return calls


@pytest.mark.parametrize(("owner", "name"), [(JobStore, "interrupt_dead"), (Releases, "recover")])
async def test_a_database_that_is_locked_for_a_moment_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    calls = lock_once(monkeypatch, owner, name)
    using = services(tmp_path)
    async with client_of(create_app(using), started=True):
        await until(lambda: using.releases.recovered)
    assert len(calls) == 2


async def test_a_build_that_ends_in_a_defect_ends_its_job(tmp_path: Path) -> None:
    def defect(*_given: object) -> EmbedResult:
        raise ZeroDivisionError

    using = services(tmp_path, embed=defect, live=False)
    async with client_of(create_app(using), started=True) as client:
        client.headers.update(BEARER)
        await until(lambda: using.releases.recovered)
        using.entries.create(entry())
        for _ in range(2):
            begun = await client.post("/admin/reindex")
            assert begun.status_code == 202
            job = await job_done(client, begun.json()["job_id"])
            assert (job["status"], "log" in job["error"]) == ("failed", True)
        assert "failed" in (await client.get("/health/ready")).json()["detail"]


async def test_a_build_whose_end_meets_a_locked_database_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = lock_once(monkeypatch, JobStore, "succeed")
    using = services(tmp_path)
    async with client_of(create_app(using), started=True) as client:
        client.headers.update(BEARER)
        await until(lambda: using.releases.recovered)
        using.entries.create(entry())
        job_id = (await client.post("/admin/reindex")).json()["job_id"]
        assert (await job_done(client, job_id))["status"] == "succeeded"
    assert len(calls) == 2


async def test_a_service_that_stops_closes_its_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[BatchedEncoder] = []
    chain = ScriptedChat(answered())

    def composed(_settings: object, _base: object, models: Models, *_more: object) -> ScriptedChat:
        opened.append(models.encoder._encoder)
        return chain

    monkeypatch.setattr("app.compose.services.load_encoder", lambda *_given: HashEncoder())
    monkeypatch.setattr("app.compose.services.build_chat", composed)
    using = build_services(settings(tmp_path, seeds_dir=SEEDS))
    async with client_of(create_app(using), started=True):
        await until(lambda: using.releases.recovered)
    with pytest.raises(EncoderFailed, match="closed"):
        await opened[0].encode(["a text"])
