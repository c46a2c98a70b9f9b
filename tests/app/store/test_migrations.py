"""A data folder of another version: upgraded where it is older, refused where it is newer."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import SQLModel

from app.compose.services import prepared_database
from app.main import create_app
from app.settings import SettingsError
from app.store.database.db import open_database
from app.store.database.schema import backups_of, bring_up_to_date
from tests.app.api.test_admin import BEARER, until
from tests.fakes import client_of, services, settings

FOLDERS = Path(__file__).parents[2] / "folders"
BEFORE_MIGRATIONS = FOLDERS / "of_b0755bd.tar.xz"
"""As the last version without migrations left it: two entries in a release, a draft, a conversation of two
exchanges that was rated up, a turn that failed, cached vectors."""


def unpacked(folder: Path) -> Path:
    with tarfile.open(BEFORE_MIGRATIONS) as archive:
        archive.extractall(folder, filter="data")
    return folder / "candor.db"


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


async def test_a_folder_of_the_version_before_is_kept_backed_up_and_upgraded(tmp_path: Path) -> None:
    file = unpacked(tmp_path)
    assert "alembic_version" not in tables(file)
    using = services(tmp_path, live=False)
    async with client_of(create_app(using), started=True) as client:
        client.headers.update(BEARER)
        await until(lambda: using.releases.ready)
        assert [entry.id for entry in using.entries.all()] == ["dna", "draft", "flu"]
        turns = (await client.get("/admin/turns")).json()["items"]
        assert len(turns) == 3
        begun = next(turn["conversation_id"] for turn in turns if turn["conversation_id"])
        said = (await client.get(f"/conversations/{begun}")).json()["messages"]
        assert [message["content"] for message in said[::2]] == ["does it change my dna?", "and flu?"]
        rated = (await client.get(f"/admin/turns/{said[-1]['message_id']}")).json()
        assert rated["feedback"]["comment"] == "thanks"
        more = {"message": "and now?", "conversation_id": begun}
        assert (await client.post("/chat", json=more)).status_code == 200
    (copy,) = backups_of(file)
    assert "alembic_version" not in tables(copy) and "exchanges" in tables(copy)
    prepared_database(settings(tmp_path)).dispose()
    assert backups_of(file) == [copy]  # only an upgrade makes one


@pytest.mark.parametrize("old", [True, False])
def test_migrated_tables_are_those_of_the_code(tmp_path: Path, old: bool) -> None:
    if old:
        unpacked(tmp_path)
    engine = prepared_database(settings(tmp_path))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    engine.dispose()


def test_a_fresh_folder_gets_no_copy(tmp_path: Path) -> None:
    prepared_database(settings(tmp_path)).dispose()
    assert backups_of(tmp_path / "candor.db") == []


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    prepared_database(settings(tmp_path)).dispose()
    with closing(sqlite3.connect(tmp_path / "candor.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = (tmp_path / "candor.db").read_bytes()
    with pytest.raises(SettingsError, match="newer version of Candor"):
        prepared_database(settings(tmp_path))
    assert (tmp_path / "candor.db").read_bytes() == before


def test_an_upgrade_that_fails_half_way_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = unpacked(tmp_path)
    before = tables(file)
    with monkeypatch.context() as patched:

        def full(*_given: object, **_named: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        patched.setattr("alembic.op.create_index", full)
        with pytest.raises(sqlite3.OperationalError):
            prepared_database(settings(tmp_path))
    assert tables(file) == before
    prepared_database(settings(tmp_path)).dispose()
    assert "choice" in tables(file)


def test_without_room_for_the_copy_nothing_is_upgraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = unpacked(tmp_path)

    def full(*_given: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("app.store.database.sqlite_file.copy", full)
    with pytest.raises(SettingsError, match="disk is full"):
        prepared_database(settings(tmp_path))
    assert "choice" not in tables(file)


def test_two_starts_at_once_upgrade_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    file = unpacked(tmp_path)
    engines = [open_database(f"sqlite:///{file}") for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(bring_up_to_date, engines))
    assert len(backups_of(file)) == 1
    for engine in engines:
        engine.dispose()
