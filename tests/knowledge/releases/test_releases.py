"""Releases on a real disk: built beside the live one, recovered from every kind of accident."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from sqlalchemy import Engine
from sqlmodel import SQLModel, create_engine

from knowledge.errors import (
    BuildRunning,
    NoLiveRelease,
    ReleaseNotFound,
    ReleaseRejected,
    ReleaseUnusable,
    StorageFailed,
)
from knowledge.index.embedding_cache import EmbedResult
from knowledge.index.fusion import FusionWeights
from knowledge.releases.files import MANIFEST
from knowledge.releases.releases import EncoderStamp, LiveRelease, ReleaseBuilder, Releases, probe
from knowledge.releases.snapshot import UNCALIBRATED, LocalSnapshot
from knowledge.types import Entry, EntryStatus, FloatArray

pytestmark = pytest.mark.process

STAMP = EncoderStamp("words", 64, "fingerprint-1")
ENTRIES = [
    Entry(f"e{n}", f"What about subject{n} and theme{n}?", f"Subject{n} is fine. It is theme{n}.")
    for n in range(12)
]


def vectors_of(texts: Sequence[str]) -> FloatArray:
    """Each text as the sum of a fixed random direction a word: the same in every process."""
    rows = []
    for text in texts:
        words = text.lower().replace(".", "").replace("?", "").split() or [""]
        seeds = [int.from_bytes(word.encode()[-6:], "big") for word in words]
        total = sum(np.random.default_rng(seed).normal(size=STAMP.dimension) for seed in seeds)
        rows.append(total / np.linalg.norm(total))
    return np.array(rows, dtype=np.float32)


def embed(texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None) -> EmbedResult:
    if on_progress:
        on_progress(len(texts), len(texts))
    return EmbedResult(vectors_of(texts), embedded=len(texts), reused=0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/candor.db")
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def releases(engine: Engine, tmp_path: Path) -> Releases:
    return Releases(engine, tmp_path, STAMP)


def builder(releases: Releases) -> ReleaseBuilder:
    return ReleaseBuilder(releases, embed, lambda snapshot: UNCALIBRATED)


def first_id(snapshot: LocalSnapshot, query: str) -> str:
    return snapshot.search(query, vectors_of([query])[0], 3)[0].entry.id


def folders(tmp_path: Path) -> set[str]:
    return {folder.name for folder in (tmp_path / "releases").iterdir()}


def test_a_build_is_recorded_activated_and_searchable(releases: Releases, tmp_path: Path) -> None:
    told: list[float] = []
    drafts = [replace(ENTRIES[0], id="draft", status=EntryStatus.DRAFT)]
    info, snapshot = builder(releases).build([*ENTRIES, *drafts], lambda share, doing: told.append(share))
    assert first_id(snapshot, "subject3") == "e3"
    assert snapshot.release_id == info.id == releases.active_id()
    assert info.active and info.encoder == STAMP
    assert info.counts["entries"] == 12 and info.counts["passages"] == info.counts["embedded"] == 48
    assert info.figures["probe"] == 1.0
    assert told == sorted(told) and told[-1] == 1.0
    assert folders(tmp_path) == {info.id}
    assert releases.list() == (info,)


def test_what_is_read_back_is_what_was_built(releases: Releases) -> None:
    _, built = builder(releases).build(ENTRIES)
    loaded = Releases.load(releases, built.release_id)
    assert dict(loaded.entries) == {entry.id: entry for entry in ENTRIES}
    assert loaded.passages == built.passages
    assert np.array_equal(loaded.vectors, built.vectors)
    assert not loaded.vectors.flags.writeable


def test_roll_back_and_forth(releases: Releases) -> None:
    old, _ = builder(releases).build(ENTRIES)
    new, _ = builder(releases).build(ENTRIES[:6])
    assert [(r.id, r.active) for r in releases.list()] == [(new.id, True), (old.id, False)]
    assert len(releases.activate(old.id).entries) == 12
    assert releases.active_id() == old.id
    with pytest.raises(ReleaseNotFound):
        releases.activate("nothing")


def test_a_build_need_not_activate(releases: Releases) -> None:
    live, _ = builder(releases).build(ENTRIES)
    info, _ = builder(releases).build(ENTRIES[:3], activate=False)
    assert not info.active
    assert releases.active_id() == live.id


def test_old_releases_go_but_never_the_active_one(engine: Engine, tmp_path: Path) -> None:
    releases = Releases(engine, tmp_path, STAMP, keep=2)
    first, _ = builder(releases).build(ENTRIES)
    later = [builder(releases).build(ENTRIES, activate=False)[0].id for _ in range(3)]
    assert folders(tmp_path) == {r.id for r in releases.list()} == {first.id, *later[1:]}


def test_the_live_reference() -> None:
    live = LiveRelease()
    with pytest.raises(NoLiveRelease):
        _ = live.current
    assert live.release_id is None
    snapshot = LocalSnapshot.of(ENTRIES, vectors_of)
    live.swap(snapshot)
    assert live.current is snapshot and live.release_id == "unreleased"


@pytest.mark.parametrize("entries", [[], [replace(ENTRIES[0], valid_until=date(2000, 1, 1))]])
def test_nothing_to_serve_is_refused(releases: Releases, tmp_path: Path, entries: list[Entry]) -> None:
    with pytest.raises(ReleaseRejected, match="no approved"):
        builder(releases).build(entries)
    assert folders(tmp_path) == set()


def test_vectors_that_make_no_sense_never_go_live(releases: Releases, tmp_path: Path) -> None:
    def zeros(texts: Sequence[str], on_progress: object = None) -> EmbedResult:
        return EmbedResult(np.zeros((len(texts), 64), dtype=np.float32), len(texts), 0)

    with pytest.raises(ReleaseUnusable, match="unit length"):
        ReleaseBuilder(releases, zeros, lambda s: UNCALIBRATED).build(ENTRIES)

    def narrow(texts: Sequence[str], on_progress: object = None) -> EmbedResult:
        return EmbedResult(vectors_of(texts)[:, :32], len(texts), 0)

    with pytest.raises(ReleaseUnusable):
        ReleaseBuilder(releases, narrow, lambda s: UNCALIBRATED).build(ENTRIES)
    assert releases.active_id() is None and folders(tmp_path) == set()


def test_a_release_that_does_not_find_its_own_questions_fails_the_probe() -> None:
    entries = [replace(ENTRIES[0], id=f"e{n}", question=f"Is subject{n} fine?") for n in range(60)]
    assert probe(LocalSnapshot.of(entries, vectors_of)) == 1.0
    upside_down = LocalSnapshot.of(entries, vectors_of, weights=FusionWeights(-1, -1, -1))
    with pytest.raises(ReleaseUnusable, match="by their own question"):
        probe(upside_down)


def test_a_failing_encoder_leaves_nothing_behind(releases: Releases, tmp_path: Path) -> None:
    def down(texts: Sequence[str], on_progress: object = None) -> EmbedResult:
        raise ConnectionError("down")

    with pytest.raises(ConnectionError):
        ReleaseBuilder(releases, down, lambda s: UNCALIBRATED).build(ENTRIES)
    assert folders(tmp_path) == set()
    builder(releases).build(ENTRIES)  # the lock is free again


def test_one_build_at_a_time(releases: Releases, tmp_path: Path) -> None:
    inside, leave = threading.Event(), threading.Event()

    def slow(texts: Sequence[str], on_progress: object = None) -> EmbedResult:
        inside.set()
        assert leave.wait(30)
        return embed(texts)

    thread = threading.Thread(
        target=ReleaseBuilder(releases, slow, lambda s: UNCALIBRATED).build, args=[ENTRIES]
    )
    thread.start()
    assert inside.wait(30)
    with pytest.raises(BuildRunning):
        builder(releases).build(ENTRIES)
    assert releases.recover().notes[0] == str(BuildRunning())  # and the running build keeps its folder
    leave.set()
    thread.join()
    assert releases.active_id() is not None
    with FileLock(tmp_path / "release.lock"), pytest.raises(BuildRunning):
        builder(releases).build(ENTRIES)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it likes")
def test_a_read_only_folder_is_told(releases: Releases, tmp_path: Path) -> None:
    info, _ = builder(releases).build(ENTRIES)
    (tmp_path / "releases").chmod(0o500)
    try:
        with pytest.raises(StorageFailed, match="permission"):
            builder(releases).build(ENTRIES)
        assert releases.load(info.id)
    finally:
        (tmp_path / "releases").chmod(0o700)


def test_a_data_folder_that_cannot_be_made_is_told(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    releases = Releases(engine, tmp_path / "file", STAMP)
    with pytest.raises(StorageFailed, match="Preparing the build failed"):
        builder(releases).build(ENTRIES)
    assert releases.recover().snapshot is None


_CHILD = """
import resource, sys, time
from pathlib import Path
from sqlmodel import create_engine
sys.path[:0] = [{tests!r}]
import test_releases as t
from knowledge.errors import StorageFailed
folder = Path({folder!r})
releases = t.Releases(create_engine(f"sqlite:///{{folder}}/candor.db"), folder, t.STAMP)
{action}
"""


def child(tmp_path: Path, action: str) -> subprocess.Popen[str]:
    """Another process on the same data, with this module as `t` and its `releases`."""
    code = _CHILD.format(tests=str(Path(__file__).parent), folder=str(tmp_path), action=action)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_full_disk_is_told_and_the_live_one_untouched(releases: Releases, tmp_path: Path) -> None:
    live, _ = builder(releases).build(ENTRIES)
    action = (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))\n"  # vectors take more than that
        "try:\n    t.builder(releases).build(t.ENTRIES)\n"
        "except StorageFailed as error:\n    print(error)\n"
    )
    out, _ = child(tmp_path, action).communicate(timeout=60)
    assert out.startswith("Writing the release failed: ")
    assert releases.active_id() == live.id and folders(tmp_path) == {live.id}
    assert first_id(releases.load(live.id), "subject3") == "e3"


def test_a_killed_build_is_told_and_the_old_one_serves(releases: Releases, tmp_path: Path) -> None:
    live, _ = builder(releases).build(ENTRIES)
    action = (
        "def hang(snapshot):\n    print('half way', flush=True)\n    time.sleep(60)\n"
        "t.ReleaseBuilder(releases, t.embed, hang).build(t.ENTRIES[:3])\n"
    )
    process = child(tmp_path, action)
    assert process.stdout is not None and process.stdout.readline() == "half way\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(folders(tmp_path)) == 2
    recovery = releases.recover()
    assert recovery.snapshot is not None and recovery.snapshot.release_id == live.id
    assert not recovery.rebuild_due
    assert len(recovery.notes) == 1 and "was interrupted" in recovery.notes[0]
    assert folders(tmp_path) == {live.id}
    assert releases.recover().notes == ()
    builder(releases).build(ENTRIES[:3])


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x55
    file.write_bytes(data)


def test_a_release_shares_what_it_has_in_common_with_the_one_in_memory(releases: Releases) -> None:
    old, _ = builder(releases).build(ENTRIES)
    changed = [replace(ENTRIES[0], answer="Subject0 is bad."), *ENTRIES[2:]]
    _, live = builder(releases).build(changed)
    alone, beside = releases.load(old.id), releases.load(old.id, live)
    assert list(beside.entries.values()) == list(alone.entries.values()) and beside.passages == alone.passages
    assert beside.entries["e3"] is live.entries["e3"] and beside.entries["e0"].answer == ENTRIES[0].answer
    mine, its = ({id(passage) for passage in each.passages} for each in (beside, live))
    assert len(mine - its) == sum(p.entry_id in ("e0", "e1") for p in beside.passages) - 1  # e0's question


@pytest.mark.parametrize("name", ["entries.jsonl", "passages.jsonl", MANIFEST])
def test_files_that_are_damaged_give_nothing_to_another_release(
    releases: Releases, tmp_path: Path, name: str
) -> None:
    old, _ = builder(releases).build(ENTRIES)
    _, live = builder(releases).build([replace(ENTRIES[0], answer="Another."), *ENTRIES[1:]])
    damage(tmp_path / "releases" / live.release_id / name)
    loaded = releases.load(old.id, live)
    assert dict(loaded.entries) == {entry.id: entry for entry in ENTRIES}
    assert loaded.entries["e3"] is not live.entries["e3"]


@pytest.mark.parametrize("name", ["vectors.npy", "entries.jsonl", "bm25/vocabulary.json", MANIFEST])
def test_one_damaged_byte_falls_back_to_the_release_before(
    releases: Releases, tmp_path: Path, name: str
) -> None:
    old, _ = builder(releases).build(ENTRIES)
    new, _ = builder(releases).build(ENTRIES)
    damage(tmp_path / "releases" / new.id / name)
    with pytest.raises(ReleaseUnusable, match="damaged"):
        releases.load(new.id)
    recovery = releases.recover()
    assert recovery.snapshot is not None and recovery.snapshot.release_id == old.id
    assert recovery.rebuild_due
    assert any("damaged" in note for note in recovery.notes)
    assert releases.active_id() == new.id  # what the record says is for people and builds to change


def test_a_missing_file_or_folder_is_told(releases: Releases, tmp_path: Path) -> None:
    info, _ = builder(releases).build(ENTRIES)
    (tmp_path / "releases" / info.id / "calibration.json").unlink()
    with pytest.raises(ReleaseUnusable, match=r"calibration\.json is missing"):
        releases.load(info.id)
    recovery = releases.recover()
    assert recovery.snapshot is None and recovery.rebuild_due


def test_a_release_of_another_encoder_is_not_served(
    releases: Releases, engine: Engine, tmp_path: Path
) -> None:
    info, _ = builder(releases).build(ENTRIES)
    other = Releases(engine, tmp_path, replace(STAMP, name="other", fingerprint="fingerprint-2"))
    with pytest.raises(ReleaseUnusable, match="another encoder"):
        other.activate(info.id)
    recovery = other.recover()
    assert recovery.snapshot is None and recovery.rebuild_due
    assert releases.recover().snapshot is not None


def test_a_release_of_another_format_is_not_served(
    releases: Releases, engine: Engine, tmp_path: Path
) -> None:
    info, _ = builder(releases).build(ENTRIES)
    manifest = tmp_path / "releases" / info.id / MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 99}))
    with pytest.raises(ReleaseUnusable):
        releases.load(info.id)


def test_an_empty_start_says_that_a_build_is_due(releases: Releases) -> None:
    recovery = releases.recover()
    assert recovery.snapshot is None and recovery.rebuild_due
    assert recovery.notes == ("No release is active yet: a build is due.",)


def test_readers_never_notice_a_swap(releases: Releases) -> None:
    _, snapshot = builder(releases).build(ENTRIES)
    live, failures, stop = LiveRelease(snapshot), [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            current = live.current
            if current.search("subject3", vectors_of(["subject3"])[0], 1)[0].entry.id != "e3":
                failures.append(current.release_id)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for count in (8, 12, 6):
        live.swap(builder(releases).build(ENTRIES[:count])[1])
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
