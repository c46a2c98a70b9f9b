"""The life of a local language model's process, mostly with a stand-in for it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.compose import local_llm
from app.compose.local_llm import COMMAND, LocalServer, Restarts
from app.compose.local_llm_child import READY
from pipeline.errors import ModelUnavailable
from tests.app.llm import scripted_child

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
CHILD = Path(scripted_child.__file__ or "")


@contextmanager
def running(folder: Path, **order: Any) -> Iterator[LocalServer]:  # noqa: ANN401
    order = {"lives": str(folder / "lives"), **order}
    server = LocalServer(order, (sys.executable, str(CHILD)), Restarts(0.01, 0.02))
    server.start()
    try:
        yield server
    finally:
        server.close()


def children() -> list[psutil.Process]:
    alive = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # of which a zombie is one
            if CHILD.name in " ".join(child.cmdline()):
                alive.append(child)
    return alive


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends, "in vain"
        time.sleep(0.02)


def test_it_serves_until_it_is_closed(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert server.wait_ready(30)
        address = server.base_url()
        assert httpx.get(address.replace("/v1", "/health"), trust_env=False).is_success
        (child,) = children()
    assert not child.is_running() and not server.ready
    with pytest.raises(ModelUnavailable):
        server.base_url()


def test_a_model_that_dies_is_started_again(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert server.wait_ready(30)
        (first,) = children()
        first.kill()
        until(lambda: server.ready and [child.pid for child in children()] not in ([], [first.pid]))
        assert httpx.get(server.base_url().replace("/v1", "/health"), trust_env=False).is_success
    assert children() == []


def test_a_model_that_cannot_be_loaded_is_tried_at_growing_intervals_and_tells_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path, dies=True) as server, caplog.at_level(logging.WARNING):
        assert not server.wait_ready(30)
        until(lambda: len((tmp_path / "lives").read_text().splitlines()) >= 3)
        with pytest.raises(ModelUnavailable):
            server.base_url()
    assert "code 3" in caplog.text and "no memory left" in caplog.text
    pauses = [Restarts(1.0, 60.0).pause_s(runs) for runs in (0, 1, 2, 5, 6, 1000)]
    assert pauses == [1.0, 2.0, 4.0, 32.0, 60.0, 60.0]


def test_while_it_loads_it_is_unavailable(tmp_path: Path) -> None:
    with running(tmp_path, never_ready=True) as server:
        until(lambda: "loading the model" in server.last_lines)
        assert server.starting and not server.ready
        with pytest.raises(ModelUnavailable, match="starting"):
            server.base_url()


def test_a_child_that_will_not_end_is_made_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_llm, "_ENDS_WITHIN_S", 0.2)
    with running(tmp_path, stubborn=True) as server:
        assert server.wait_ready(30)
        (child,) = children()
    assert not child.is_running()


def test_secrets_of_the_service_stay_out_of_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANDOR_ADMIN_TOKEN", "secret")
    with running(tmp_path) as server:
        assert server.wait_ready(30)
        (child,) = children()
        assert "CANDOR_ADMIN_TOKEN" not in child.environ() and "secret" not in " ".join(child.cmdline())


PARENT = """
import sys, time
from app.compose.local_llm import LocalServer
server = LocalServer({"lives": sys.argv[1]}, (sys.executable, sys.argv[2]))
server.start()
assert server.wait_ready(60)
print(server._child.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "lives"), str(CHILD)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_the_real_child_says_what_is_missing(tmp_path: Path) -> None:
    """With xllamacpp or without it, a file that is no model ends it at once, and it says why."""
    file = tmp_path / "no.gguf"
    file.write_bytes(b"GGUF but nothing more")
    order = {"model": str(file), "threads": 1, "slots": 1, "context": 512, "key": "k"}
    server = LocalServer(order, COMMAND, Restarts(60.0))
    server.start()
    try:
        assert not server.wait_ready(120)
        expected = "no.gguf" if find_spec("xllamacpp") else "xllamacpp"
        assert expected in " ".join(server.last_lines)
    finally:
        server.close()


def test_both_children_speak_of_readiness_alike() -> None:
    assert scripted_child.READY == READY
