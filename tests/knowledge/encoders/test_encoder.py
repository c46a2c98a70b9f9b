from __future__ import annotations

import os
import platform
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.encoders import model_store
from knowledge.encoders.model_card import sha256_of
from knowledge.encoders.model_store import Manifest, find_source, read_manifest
from knowledge.encoders.onnx_encoder import _batches
from knowledge.encoders.processor import Int8, available_cores, int8_arithmetic
from knowledge.encoders.types import (
    DEFAULT_ENCODER,
    EncoderFailed,
    ModelDamaged,
    ModelNotFound,
    ModelStoreNotWritable,
    load_encoder,
)


@given(st.lists(st.integers(0, 5000), max_size=300))
def test_batches_hold_every_row_once_and_stay_small(lengths: list[int]) -> None:
    batches = list(_batches(lengths))

    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= 64
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= 4096


def a_manifest(folder: Path) -> Manifest:
    return Manifest(
        name="tiny",
        dimension=4,
        precision="int8",
        mean_cosine=0.995,
        reason="",
        max_tokens=256,
        pad_id=0,
        pad_token="[PAD]",
        files={"model.onnx": sha256_of(folder / "model.onnx")},
    )


def write_export(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"graph")
    (folder / "manifest.json").write_text(a_manifest(folder).model_dump_json())


def test_an_intact_export_is_read(tmp_path: Path) -> None:
    write_export(tmp_path / "export")

    assert read_manifest(tmp_path / "export") == a_manifest(tmp_path / "export")


@pytest.mark.parametrize(
    ("file", "content"),
    [("model.onnx", b"grapH"), ("manifest.json", b"{"), ("manifest.json", b"{}"), ("manifest.json", b"\xff")],
)
def test_a_damaged_export_is_not_read(tmp_path: Path, file: str, content: bytes) -> None:
    write_export(tmp_path / "export")
    (tmp_path / "export" / file).write_bytes(content)

    assert read_manifest(tmp_path / "export") is None


def test_an_export_that_lacks_a_file_is_not_read(tmp_path: Path) -> None:
    write_export(tmp_path / "export")
    (tmp_path / "export" / "model.onnx").unlink()

    assert read_manifest(tmp_path / "export") is None
    assert read_manifest(tmp_path / "nowhere") is None


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder that looks like a model until it is loaded."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "model.safetensors").write_bytes(b"numbers")
    return source


def test_a_data_folder_that_cannot_be_written_is_told_as_such(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")

    with pytest.raises(ModelStoreNotWritable, match="taken"):
        load_encoder(str(weights), tmp_path / "taken")


def test_altered_default_weights_are_refused(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_store, "find_source", lambda name, models: weights)

    with pytest.raises(ModelDamaged, match=r"model\.safetensors"):
        load_encoder(DEFAULT_ENCODER, tmp_path / "data")


def test_a_folder_without_weights_and_a_name_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ModelNotFound, match="no model weights"):
        load_encoder(str(tmp_path / "empty"), tmp_path / "data")
    for name in ("", "a b", "../../nowhere", "-x", "a/b/c", "/nowhere/at/all"):
        with pytest.raises(ModelNotFound, match="neither"):
            load_encoder(name, tmp_path / "data")


def test_a_hub_model_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []

    def download(*arguments: str) -> None:
        calls.append(arguments)
        Path(arguments[2]).mkdir()
        Path(arguments[2], "model.safetensors").write_bytes(b"numbers")

    monkeypatch.setattr(model_store, "_run_child", download)
    first, second = (find_source("someone/some-model", tmp_path) for _ in range(2))

    assert first == second == tmp_path / "hub" / "someone--some-model"
    assert [call[:2] for call in calls] == [("fetch", "someone/some-model")]


def test_a_failed_export_leaves_nothing_behind(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: str) -> None:
        write_export(Path(arguments[3]))
        raise EncoderFailed("out of luck")

    monkeypatch.setattr(model_store, "_run_child", fail)

    with pytest.raises(EncoderFailed, match="out of luck"):
        load_encoder(str(weights), tmp_path / "data")
    assert not [path for path in (tmp_path / "data" / "models").iterdir() if path.is_dir()]


def test_of_two_that_export_at_once_one_does_and_both_have_it(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports: list[str] = []
    under_way = threading.Barrier(2)

    def export(*arguments: str) -> None:
        exports.append(arguments[3])
        write_export(Path(arguments[3]))

    monkeypatch.setattr(model_store, "_run_child", export)
    found: list[Manifest] = []

    def open_at_once() -> None:
        under_way.wait(10)
        found.append(model_store.open_model(str(weights), tmp_path / "data").manifest)

    threads = [threading.Thread(target=open_at_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(exports) == 1
    assert len(found) == 2


def test_a_damaged_export_is_made_anew(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_store, "_run_child", lambda *arguments: write_export(Path(arguments[3])))
    stored = model_store.open_model(str(weights), tmp_path / "data")
    (stored.folder / "model.onnx").write_bytes(b"rust")

    again = model_store.open_model(str(weights), tmp_path / "data")

    assert again == stored
    assert (stored.folder / "model.onnx").read_bytes() == b"graph"


def test_other_weights_or_another_processor_have_another_fingerprint(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_store, "_run_child", lambda *arguments: write_export(Path(arguments[3])))
    fingerprints = []
    for arithmetic in (Int8.DOT, Int8.NARROW):
        monkeypatch.setattr(model_store, "int8_arithmetic", lambda found=arithmetic: found)
        fingerprints.append(model_store.open_model(str(weights), tmp_path).fingerprint)
    (weights / "model.safetensors").write_bytes(b"other numbers")
    fingerprints.append(model_store.open_model(str(weights), tmp_path).fingerprint)

    assert len(set(fingerprints)) == 3


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [
        ("x86_64", "avx2 avx512f", Int8.NARROW),
        ("x86_64", "avx2 avx512_vnni", Int8.DOT),
        ("AMD64", "avx2 avx_vnni", Int8.DOT),
        ("aarch64", "asimd", Int8.DOT),
    ],
)
def test_int8_arithmetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, flags: str, expected: Int8
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    (tmp_path / "cpuinfo").write_text(f"flags\t: {flags}\n")

    assert int8_arithmetic(tmp_path / "cpuinfo") is expected


@pytest.mark.parametrize(
    ("allowed", "quota", "expected"),
    [
        ({0, 1, 2, 3}, None, 2),  # two cores of two threads each
        ({0, 2}, None, 1),  # both threads of one core
        ({0, 1}, "max 100000", 2),
        ({0, 1}, "150000 100000", 1),
        ({0, 1}, "50000 100000", 1),
        ({0, 1}, "gibberish", 2),
    ],
)
def test_available_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: set[int], quota: str | None, expected: int
) -> None:
    for cpu in range(4):
        topology = tmp_path / f"devices/system/cpu/cpu{cpu}/topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(f"{cpu % 2},{cpu % 2 + 2}\n")
    if quota is not None:
        (tmp_path / "fs/cgroup").mkdir(parents=True)
        (tmp_path / "fs/cgroup/cpu.max").write_text(quota)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed)

    assert available_cores(tmp_path) == expected
