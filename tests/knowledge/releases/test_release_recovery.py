"""What a start makes of folders and tables that do not agree: killed builds and removals, a lost database."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel, create_engine

from knowledge.entries import ApplyMode, EntryStore
from knowledge.index.embedding_cache import CachedEmbedder
from knowledge.releases.releases import ReleaseBuilder, Releases
from knowledge.releases.snapshot import UNCALIBRATED
from knowledge.types import EntryStatus
from tests.fakes import HashEncoder
from tests.knowledge.releases.test_releases import ENTRIES, STAMP, builder, folders

pytestmark = pytest.mark.process

# Forked anew for each kill, so that it takes no time: one child dies, without any clean-up, the moment before
# (or after) a call, as a machine does that loses power. What the next start finds is compared with the table.
_KILLS = """
import json, os, shutil, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
import tests.knowledge.releases.test_releases as t
from sqlmodel import create_engine
from knowledge.releases.releases import Releases

point, times, folder = sys.argv[1], int(sys.argv[2]), Path({folder!r})

def opened():
    engine = create_engine(f"sqlite:///{{folder}}/candor.db")
    return engine, Releases(engine, folder, t.STAMP, keep=2)

def dying(owner, name, *, after=False, calls=1):
    real, seen = getattr(owner, name), []
    def call(*given, **named):
        seen.append(name)
        if len(seen) == calls and not after:
            os._exit(9)
        result = real(*given, **named)
        if len(seen) == calls:
            os._exit(9)
        return result
    setattr(owner, name, call)

def half_removed(path, ignore_errors=False):
    for file in sorted(Path(path).rglob("*"))[:3]:
        if file.is_file():
            file.unlink()
    os._exit(9)

POINTS = {{
    "before the rename": lambda: dying(Path, "rename"),
    "after the rename": lambda: dying(Path, "rename", after=True),
    "before the removal": lambda: dying(shutil, "rmtree"),
    "within the removal": lambda: setattr(shutil, "rmtree", half_removed),
}}

def child(work):
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def build():
    t.builder(opened()[1]).build(t.ENTRIES)
    os._exit(0)

def killed():
    POINTS[point]()
    build()

def start():
    engine, releases = opened()
    recovery = releases.recover()
    told = {{
        "known": sorted(release.id for release in releases.list()),
        "there": sorted(path.name for path in (folder / "releases").iterdir()),
        "active": releases.active_id(),
        "serves": recovery.snapshot and recovery.snapshot.release_id,
    }}
    (folder / "told").write_text(json.dumps(told))
    os._exit(0)

for _ in range(2):
    assert child(build) == 0
lost = orphans = 0
for _ in range(times):
    before = opened()[1].active_id()
    assert child(killed) == 9
    recorded = opened()[1].active_id()
    assert child(start) == 0
    told = json.loads((folder / "told").read_text())
    lost += not (told["serves"] == told["active"] == recorded and recorded in told["there"])
    orphans += told["there"] != told["known"]
print(json.dumps({{"lost": lost, "orphans": orphans}}))
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/candor.db")
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "point", ["before the rename", "after the rename", "before the removal", "within the removal"]
)
@pytest.mark.usefixtures("engine")
def test_a_kill_loses_nothing_and_leaves_nothing(tmp_path: Path, point: str) -> None:
    code = _KILLS.format(root=str(Path(__file__).parents[3]), folder=str(tmp_path))
    run = [sys.executable, "-c", code, point, "5"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"lost": 0, "orphans": 0}


def lose_database(engine: Engine) -> None:
    SQLModel.metadata.drop_all(engine)
    SQLModel.metadata.create_all(engine)


def test_a_lost_database_is_restored_from_the_newest_release(engine: Engine, tmp_path: Path) -> None:
    releases, store = Releases(engine, tmp_path, STAMP), EntryStore(engine)
    store.apply([*ENTRIES, replace(ENTRIES[0], id="draft", status=EntryStatus.DRAFT)], ApplyMode.UPSERT)
    builder(releases).build(ENTRIES[:3])
    newest, _ = builder(releases).build(ENTRIES)
    lose_database(engine)
    recovery = releases.recover()
    assert sorted(entry.id for entry in store.all()) == sorted(entry.id for entry in ENTRIES)
    assert list(store.all()) == sorted(ENTRIES, key=lambda entry: entry.id)  # every field of each
    assert recovery.snapshot is not None and not recovery.rebuild_due
    assert recovery.snapshot.release_id == releases.active_id() == newest.id
    assert "12 entries were restored" in recovery.notes[0] and "drafts" in recovery.notes[0]
    assert len(releases.list()) == 2
    assert releases.recover().notes == ()


def test_entries_are_restored_also_where_another_encoder_is_loaded(engine: Engine, tmp_path: Path) -> None:
    builder(Releases(engine, tmp_path, STAMP)).build(ENTRIES)
    lose_database(engine)
    other = Releases(engine, tmp_path, replace(STAMP, fingerprint="fingerprint-2"))
    recovery = other.recover()
    assert recovery.snapshot is None and recovery.rebuild_due
    assert EntryStore(engine).count() == 12


def test_where_no_release_is_whole_nothing_is_restored_or_removed(engine: Engine, tmp_path: Path) -> None:
    releases = Releases(engine, tmp_path, STAMP)
    info, _ = builder(releases).build(ENTRIES)
    (tmp_path / "releases" / info.id / "vectors.npy").unlink()
    lose_database(engine)
    recovery = releases.recover()
    assert recovery.snapshot is None
    assert "nothing was restored" in recovery.notes[0]
    assert folders(tmp_path) == {info.id}


def test_a_release_that_a_backup_of_the_database_does_not_know_is_adopted(
    engine: Engine, tmp_path: Path
) -> None:
    releases = Releases(engine, tmp_path, STAMP)
    old, _ = builder(releases).build(ENTRIES)
    engine.dispose()
    shutil.copy(tmp_path / "candor.db", tmp_path / "backup.db")
    new, _ = builder(releases).build(ENTRIES[:6])
    engine.dispose()
    shutil.copy(tmp_path / "backup.db", tmp_path / "candor.db")
    recovery = releases.recover()
    assert [(release.id, release.active) for release in releases.list()] == [(new.id, False), (old.id, True)]
    assert recovery.snapshot is not None and recovery.snapshot.release_id == old.id
    assert releases.activate(new.id).release_id == new.id


def cached(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM embedding").scalar_one())


def test_vectors_go_with_the_last_release_that_used_them(engine: Engine, tmp_path: Path) -> None:
    encoder = HashEncoder()
    stamp = replace(STAMP, fingerprint=encoder.fingerprint)
    embedder = CachedEmbedder(encoder, engine)
    releases = Releases(engine, tmp_path, stamp, keep=2)
    building = ReleaseBuilder(releases, embedder.embed, lambda snapshot: UNCALIBRATED)
    embedder.embed(["an example of the gate"])
    building.build(ENTRIES)
    with_all = cached(engine)
    for _ in range(2):
        building.build(ENTRIES[:3])
    assert len(releases.list()) == 2
    few = cached(engine)
    assert 3 * 3 <= few - 1 <= with_all // 3
    assert building.build(ENTRIES[:3])[0].counts["embedded"] == 0  # what is in use stayed
    assert embedder.embed(["an example of the gate"]).reused == 1  # what no release holds, too


def test_all_vectors_of_an_encoder_that_no_release_uses_go(engine: Engine, tmp_path: Path) -> None:
    class Other(HashEncoder):
        fingerprint = "another"

    for encoder in (HashEncoder(), Other(), Other()):
        embedder = CachedEmbedder(encoder, engine)
        embedder.embed(["an example of the gate"])
        releases = Releases(engine, tmp_path, replace(STAMP, fingerprint=encoder.fingerprint), keep=2)
        ReleaseBuilder(releases, embedder.embed, lambda snapshot: UNCALIBRATED).build(ENTRIES[:2])
    with engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT DISTINCT encoder FROM embedding").scalars().all()
    assert left == ["another"]
