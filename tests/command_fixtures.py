from __future__ import annotations

import logging
import shutil
import signal
import sys
from pathlib import Path

import pytest

from app.cli import main
from pipeline.llm.usage import TurnBudget
from tests.commands import TOPIC, Ran, Run, candor


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell starts what runs in its background with interrupts ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one topic of the seeds, indexed. Not to be changed: copy it."""
    folder = tmp_path_factory.mktemp("indexed")
    done = candor(folder, "import", str(TOPIC), "--reindex")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def own(indexed: Path, data: Path) -> Path:
    """A copy of the indexed data folder that a test may change."""
    shutil.copytree(indexed, data, ignore=shutil.ignore_patterns("models"))
    (data / "models").symlink_to(indexed / "models")
    return data


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, on the folder `data`."""
    monkeypatch.setenv("CANDOR_DATA_DIR", str(data))
    # A library's log handler keeps the stream of the test that loaded it, and complains that it is closed.
    monkeypatch.setattr(logging, "raiseExceptions", False)

    def command(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["candor", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Ran(int(ended.value.code or 0), out, err)

    return command


@pytest.fixture
def budget() -> TurnBudget:
    """That of a turn, with its account."""
    return TurnBudget()
