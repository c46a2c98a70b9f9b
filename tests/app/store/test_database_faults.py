"""A database that is read-only, lost or damaged: noticed, told truly, and taken up again once mended."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.api.errors import Problem
from app.compose.services import Services, prepared_database
from app.main import create_app
from app.settings import SettingsError
from app.store.database.database_watch import DatabaseWatch, fault_of, reason_of
from knowledge.releases.releases import EncoderStamp, Releases
from tests.app.api.test_admin import until
from tests.fakes import client_of, entry, services, settings

STAMP = EncoderStamp("hash", 64, "hash-64")
ENTRY = "---\nid: {id}\nquestion: Is {id} safe?\n---\nYes. It is well tested.\n"


def seeds(folder: Path) -> Path:
    (folder / "kb").mkdir(parents=True)
    (folder / "kb" / "demonstration.md").write_text(ENTRY.format(id="demonstration"))
    return folder


async def metric(client: httpx.AsyncClient, name: str) -> float:
    lines = (await client.get("/metrics")).text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def moved(folder: Path, name: str, to: str) -> int:
    """Moves a database with what belongs to it; how many files that are."""
    files = [folder / f"{name}{end}" for end in ("", "-wal", "-shm")]
    there = [file for file in files if file.exists()]
    for file in there:
        file.rename(folder / file.name.replace(name, to))
    return len(there)


async def reindexed(using: Services) -> None:
    """Begins a build, once the one before it has been recorded."""
    with anyio.fail_after(20):
        while True:
            try:
                await using.releases.reindex()
                return
            except Problem:
                await anyio.sleep(0.01)


async def not_ready(client: httpx.AsyncClient) -> str:
    response = await client.get("/health/ready")
    assert response.status_code == 503
    return str(response.json()["detail"])


async def test_a_database_that_was_read_only_at_the_start_is_written_once_it_can_be(tmp_path: Path) -> None:
    using, is_read_only = services(tmp_path), True

    def opened(connection: sqlite3.Connection, _record: object) -> None:
        if is_read_only:  # as SQLite opens a file that it may not write
            connection.execute("PRAGMA query_only=ON")

    using.engine.dispose()
    event.listen(using.engine, "connect", opened)
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.recovered)
        refused = await client.post("/chat", json={"message": "hi"})
        assert refused.json()["type"] == "urn:candor:problem:storage"
        is_read_only = False
        for _ in range(6):  # whichever connection it gets
            assert (await client.post("/chat", json={"message": "hi"})).status_code == 200


async def test_a_database_that_is_deleted_is_noticed_and_taken_up_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    using = services(tmp_path)
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.recovered)
        begun = (await client.post("/chat", json={"message": "hi"})).json()
        assert (await client.get("/health/ready")).status_code == 200
        assert await metric(client, "candor_database_up") == 1
        moved(tmp_path, "candor.db", "kept.db")
        await until(lambda: not using.releases.ready)
        assert "gone" in await not_ready(client)
        assert await metric(client, "candor_database_up") == 0
        assert caplog.text.count("gone: put it back") == 1  # told once, not every two seconds
        lost = await client.post("/chat", json={"message": "is this kept?"})
        assert (lost.status_code, lost.json()["type"]) == (503, "urn:candor:problem:storage")
        assert not moved(tmp_path, "candor.db", "made anew")
        moved(tmp_path, "kept.db", "candor.db")
        await until(lambda: using.releases.ready)
        more = {"message": "again", "conversation_id": begun["conversation_id"]}
        assert (await client.post("/chat", json=more)).status_code == 200


async def test_a_start_without_its_database_goes_on_from_the_newest_release(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    first = services(data, live=False, seeds_dir=seeds(tmp_path / "seeds"))
    async with client_of(create_app(first), started=True):
        await until(lambda: first.releases.ready)
        first.entries.delete("demonstration")
        first.entries.create(entry("own"))
        await reindexed(first)
        await until(lambda: len(first.releases.list()) == 2)
    moved(data, "candor.db", "lost.db")
    second = services(data, live=False, seeds_dir=tmp_path / "seeds")
    async with client_of(create_app(second), started=True):
        await until(lambda: second.releases.ready)
        assert [each.id for each in second.entries.all()] == ["own"]
        assert second.live.release_id == first.live.release_id
    assert "restored from release" in caplog.text


async def test_the_demonstration_never_takes_the_place_of_what_cannot_be_restored(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "releases" / "20261101T000000-abcdef").mkdir(parents=True)
    using = services(data, live=False, seeds_dir=seeds(tmp_path / "seeds"))
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.recovered)
        assert "no release is whole" in await not_ready(client)
        assert using.entries.count() == 0
    assert Releases(using.engine, data, STAMP).any_on_disk()


def spoil(file: Path, *, page: int) -> None:
    """Overwrites a page, as a bad sector or a careless copy does."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as data:
        data.seek(4096 * (page - 1))
        data.write(b"\xa5" * 4096)


def root_page(using: Services, table: str) -> int:
    with using.engine.connect() as connection:
        query = f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'"  # noqa: S608
        return int(connection.exec_driver_sql(query).scalar_one())


@pytest.mark.parametrize("table", ["entries", "turns", "embedding", "active_release"])
async def test_a_damaged_page_is_found_at_the_start_and_blamed(tmp_path: Path, table: str) -> None:
    first = services(tmp_path)
    whole = tmp_path / "whole.db"
    page = root_page(first, table)
    first.engine.dispose()
    shutil.copy(tmp_path / "candor.db", whole)
    spoil(tmp_path / "candor.db", page=page)
    using = services(tmp_path)
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.state.startswith("the database is damaged"))
        assert "encoder" not in await not_ready(client)
        assert await metric(client, "candor_database_up") == 0


async def test_a_damaged_database_is_taken_up_once_a_backup_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.compose.release_service._WAITS_S", (0.02,))
    first = services(tmp_path)
    page = root_page(first, "turns")
    first.engine.dispose()
    shutil.copy(tmp_path / "candor.db", tmp_path / "whole.db")
    spoil(tmp_path / "candor.db", page=page)
    using = services(tmp_path)
    async with client_of(create_app(using), started=True):
        await until(lambda: using.releases.state.startswith("the database is damaged"))
        moved(tmp_path, "candor.db", "damaged.db")
        moved(tmp_path, "whole.db", "candor.db")
        await until(lambda: using.releases.recovered)


async def test_damage_that_a_turn_meets_is_told_too(tmp_path: Path) -> None:
    using = services(tmp_path)
    async with client_of(create_app(using), started=True) as client:
        await until(lambda: using.releases.recovered)
        assert using.releases.ready
        page = root_page(using, "turns")
        using.engine.dispose()
        spoil(tmp_path / "candor.db", page=page)
        await client.post("/chat", json={"message": "hi"})
        await until(lambda: not using.releases.ready)
        assert "damaged" in await not_ready(client)


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "candor.db").write_bytes(b"no database" * 1000)
    with pytest.raises(SettingsError, match="the database is damaged"):
        prepared_database(settings(tmp_path))


def test_a_database_that_is_damaged_is_looked_through_again_from_time_to_time(tmp_path: Path) -> None:
    engine, told, clock = prepared_database(settings(tmp_path)), [True], iter([0.0, 1.0, 2.0, 40.0, 40.0])
    watch = DatabaseWatch(engine, told.append, lambda: next(clock))
    looked: list[float] = []
    watch._suspected = True
    found = iter(["page 7", None])

    def damage(_engine: object, seconds: float) -> str | None:
        looked.append(seconds)
        return next(found)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.store.database.sqlite_file.damage", damage)
        assert [watch.look() for _ in range(4)] == [False, False, True, True]
    assert len(looked) == 2
    engine.dispose()


def test_a_large_file_is_looked_through_for_a_limited_time(tmp_path: Path) -> None:
    from app.store.database.sqlite_file import damage

    engine = prepared_database(settings(tmp_path))
    with engine.begin() as connection:
        for _ in range(2):
            connection.exec_driver_sql(
                "INSERT INTO embedding SELECT 'x', randomblob(9), randomblob(2000) FROM"
                " (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 3000) SELECT i FROM n)"
            )
    assert damage(engine, 60.0) is None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.store.database.sqlite_file._STEPS", 10)
        assert damage(engine, -1.0) is None  # no time at all: it says so, and goes on
    with engine.connect() as connection:  # the connection is as good as before
        assert connection.exec_driver_sql("SELECT count(*) FROM embedding").scalar_one() == 6000
    engine.dispose()


def test_an_error_of_a_database_server_is_told_in_one_line() -> None:
    error = OperationalError("SELECT 1", {}, Exception("connection refused\n  Is the server running?"))
    assert reason_of(error) == "connection refused"
    assert "refused" not in fault_of(error)  # anybody may read it
