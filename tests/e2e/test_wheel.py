"""The built wheel in an environment of its own, outside the checkout: small, without torch, and it serves."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
MEGABYTES = 550
PACKAGES = {"app", "knowledge", "learning", "pipeline"}
NOT_FOR_SERVING = (
    "torch",
    "transformers",
    "sentence_transformers",
    "onnx",
    "onnxscript",
    "sklearn",
    "pytest",
)
ROWS = [
    ("question", "answer"),
    ("How late is the pool open?", "The pool is open until nine in the evening."),
    ("Where can I park my bicycle?", "Bicycles are parked in the yard behind the house."),
    ("Is there a sauna in the hotel?", "There is a sauna on the top floor, next to the gym."),
    ("May I bring my dog?", "Dogs are welcome in all rooms for ten euros a night."),
]
pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.timeout(900)]


class Installed:
    """The wheel in a virtual environment, and a folder to start commands in."""

    def __init__(self, wheel: Path, place: Path) -> None:
        self.wheel, self.own = wheel, place / "own"
        self._bin, self._place = place / "venv" / "bin", place
        _run([sys.executable, "-m", "venv", str(place / "venv")], place)
        _run([*self._pip("install"), "--constraint", str(ROOT / "constraints.txt"), str(wheel)], place)
        self.candor("init", str(self.own))

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        return _run([str(self._bin / "python"), "-c", code], self._place, check=False)

    def candor(self, *arguments: str, at: Path | None = None, status: int = 0, **given: str) -> str:
        done = _run([str(self._bin / "candor"), *arguments], at or self._place, check=False, **given)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def serving(self) -> Iterator[str]:
        command = [str(self._bin / "candor"), "serve", "--port", "0"]
        with subprocess.Popen(
            command,
            cwd=self.own,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            try:
                assert child.stdout is not None
                found = (re.search(r"Candor listens on (\S+)", line) for line in child.stdout)
                yield next(match[1] for match in found if match)
            finally:
                child.terminate()

    def _pip(self, command: str) -> list[str]:
        return [str(self._bin / "python"), "-m", "pip", command, "--quiet"]


def _environment(**given: str) -> dict[str, str]:
    """Without what would lead back to the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CANDOR_", "PYTHON"))}
    return kept | given


def _run(
    command: list[str], at: Path, *, check: bool = True, **given: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=at, env=_environment(**given), capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet"]
    probe = [*pip, "download", "--no-deps", "--retries", "0", "--dest", str(place / "probe"), "hatchling"]
    if _run(probe, place, check=False).returncode:
        pytest.skip("pip has no index here, and an empty environment needs one")
    _run([*pip, "wheel", "--no-deps", "--wheel-dir", str(place / "dist"), str(ROOT)], place)
    (wheel,) = (place / "dist").glob("candor_chat-*.whl")
    return Installed(wheel, place)


def test_the_wheel_holds_the_packages_their_files_and_the_seeds(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == PACKAGES
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES, "seeds"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    expected = {re.sub(r"^seeds/", "knowledge/seeds/", name) for name in listed if (ROOT / name).is_file()}
    assert expected <= set(names)


def test_the_environment_is_small_and_holds_nothing_for_training(installed: Installed) -> None:
    for package in NOT_FOR_SERVING:
        assert "ModuleNotFoundError" in installed.python(f"import {package}").stderr, package
    told = installed.python("import sysconfig; print(sysconfig.get_path('purelib'))")
    size = sum(file.lstat().st_blocks * 512 for file in Path(told.stdout.strip()).rglob("*"))
    assert size <= MEGABYTES << 20


def test_it_answers_from_a_folder_of_ones_own(installed: Installed, tmp_path: Path) -> None:
    with (tmp_path / "house.csv").open("w", newline="") as file:
        csv.writer(file).writerows(ROWS)
    installed.candor("import", str(tmp_path / "house.csv"), "--reindex", at=installed.own)
    assert "The service can run" in installed.candor("doctor", at=installed.own)
    question = {"message": "where do I park my bicycle?"}
    with installed.serving() as address, httpx.Client(base_url=address, timeout=60) as client:
        while client.get("/health/ready").status_code != 200:
            time.sleep(0.1)  # a test that takes too long ends by itself
        reply = client.post("/chat", json=question).json()
        page = client.get("/").text
    assert (reply["outcome"], "yard behind the house" in reply["reply"]) == ("answered", True)
    assert "<html" in page


def test_its_own_seeds_are_read_from_any_folder(installed: Installed, tmp_path: Path) -> None:
    told = installed.candor("doctor", at=tmp_path)
    assert "candor-retriever" in told and "The service can run" in told


def test_what_needs_torch_names_the_extra(installed: Installed, tmp_path: Path) -> None:
    told = installed.candor("reindex", at=tmp_path, status=1, CANDOR_ENCODER="all-MiniLM-L6-v2")
    assert "pip install 'candor-chat[train]'" in told and "Traceback" not in told
    told = installed.candor("train", "retriever", str(tmp_path), at=tmp_path, status=1)
    assert "pip install 'candor-chat[train]'" in told and "Traceback" not in told
