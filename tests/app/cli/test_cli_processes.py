"""Commands as processes of their own: at a terminal, in a pipe, beside a running service."""

from __future__ import annotations

import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.commands import ROOT, Run, candor, environment

pytestmark = pytest.mark.process


def test_chat_takes_a_question_a_line(own: Path) -> None:
    said = "Do vaccines contain mercury?\n\n\xff\nis it in the flu shot too?\n/quit\nnever read\n".encode(
        "latin-1"
    )
    done = candor(own, "chat", said=said)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    out = done.stdout.decode()
    assert "  [1] " in out
    assert "https://" in out
    assert out.count("\n  (") == 3
    assert "(answered)" in out
    assert "\x1b" not in out
    assert stored_turns(own) == 0


def stored_turns(data: Path) -> int:
    with sqlite3.connect(data / "candor.db") as database:
        return int(database.execute("SELECT count(*) FROM turns").fetchone()[0])


class Terminal:
    """A command at a terminal; killed where the test leaves it running."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        command = [sys.executable, "-m", "app.cli", *arguments]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment(data), start_new_session=True
        )
        os.close(slave)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def until(self, text: str) -> None:
        while text not in self.seen:
            assert self._read(), f"it ended before {text!r}: {self.seen}"
        self.seen = self.seen.partition(text)[2]

    def end(self) -> int:
        while self._read():
            continue
        return self.process.wait(10)

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux tells that the other side is closed
            data = b""
        self.seen += data.decode("utf-8", "replace")
        return bool(data)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("key", "status"), [("\x04", 0), ("/quit\n", 0), ("", 130)])
def test_chat_at_a_terminal(own: Path, key: str, status: int) -> None:
    with Terminal(own, "chat") as terminal:
        terminal.until("you> ")
        terminal.type("Do vaccines contain mercury?\n")
        terminal.until("(answered)")
        terminal.until("you> ")
        if key:
            terminal.type(key)
        else:
            time.sleep(0.3)  # readline does not look for signals between its prompt and its waiting
            terminal.process.send_signal(signal.SIGINT)
        assert (terminal.end(), "Traceback" in terminal.seen) == (status, False)


@pytest.mark.timeout(60)
def test_reindex_draws_a_bar_at_a_terminal(own: Path) -> None:
    with Terminal(own, "reindex") as terminal:
        terminal.until("━")
        terminal.until("is active")
        assert terminal.end() == 0


@pytest.mark.timeout(60)
def test_an_interrupted_build_leaves_no_trace_and_no_lock(own: Path, run: Run) -> None:
    run("import", ROOT / "seeds" / "kb")
    with Terminal(own, "reindex") as terminal:
        terminal.until("embedding")
        terminal.process.send_signal(signal.SIGINT)
        assert (terminal.end(), "Traceback" in terminal.seen) == (130, False), terminal.seen
    assert len(list((own / "releases").iterdir())) == 1
    with sqlite3.connect(own / "candor.db") as database:
        ended = database.execute("SELECT status FROM jobs ORDER BY created_at DESC").fetchone()
    assert ended == ("interrupted",)
    assert run("releases").out.count("*") == 1


@pytest.fixture
def served(own: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment(own))
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().split()[-1].decode()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_serve_takes_over_what_another_process_built(
    run: Run, own: Path, served: tuple[subprocess.Popen[bytes], str]
) -> None:
    process, address = served
    first = serving(address)
    built = run("reindex").out.split()[1]
    assert built != first
    assert serving(address, built) == built
    taken = run("serve", "--port", address.rpartition(":")[2])
    assert (taken.status, "Address already in use" in taken.err) == (1, True)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert b"Traceback" not in (own / "log").read_bytes()


def serving(address: str, expected: str = "") -> str:
    """The release that serves, once there is one (or `expected` does)."""
    for _ in range(200):
        try:
            metrics = httpx.get(f"{address}/metrics").text
        except httpx.TransportError:
            metrics = ""
        _, found, rest = metrics.partition('release_id="')
        release_id = rest.partition('"')[0]
        if found and expected in ("", release_id):
            return release_id
        time.sleep(0.05)
    raise AssertionError(f"release {expected} does not serve")
