"""Callers that connect and say nothing, or half of it, are in nobody's way."""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import app.connections
from app.main import create_app
from app.server import Server, listen
from tests.fakes import ScriptedChat, answered, services

pytestmark = pytest.mark.process

HALF_A_HEADER = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Unfinished: "
HALF_A_BODY = (
    b'POST /chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"mess'
)


@contextmanager
def serving_patiently(folder: Path, chat: ScriptedChat | None = None) -> Iterator[int]:
    """The port of a service behind the server that `candor serve` uses."""
    with listen("127.0.0.1", 0) as listener:
        server = Server(create_app(services(folder, chat)), listener)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)


def opened(port: int, said: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(said)
    return connection


def heard(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    with connection, connection.makefile("rb") as stream:
        return stream.read()


def test_a_crowd_of_half_open_connections_delays_nobody(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.limited_service", str(tmp_path), "200"]
    log = tmp_path / "log"
    with log.open("wb") as err, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err) as child:
        assert child.stdout is not None
        try:
            port = int(child.stdout.readline())
            until_answered(port)
            with ExitStack() as crowd:
                for _ in range(400):
                    crowd.enter_context(opened(port, HALF_A_HEADER))
                for _ in range(3):
                    assert httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=1).status_code == 200
                    said = httpx.post(f"http://127.0.0.1:{port}/chat", json={"message": "hello"}, timeout=1)
                    assert said.status_code == 200
        finally:
            child.terminate()
    assert '"level": "error"' not in log.read_text()
    assert log.stat().st_size < 10_000


def until_answered(port: int) -> None:
    httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=30)


@pytest.mark.parametrize("said", [HALF_A_HEADER, HALF_A_BODY])
def test_half_a_request_is_waited_for_a_while_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(app.connections, "HEADER_S", 0.2)
    monkeypatch.setattr(app.connections, "BODY_S", 0.2)
    with serving_patiently(tmp_path) as port:
        assert heard(opened(port, said)).startswith(b"HTTP/1.1 408 ")
        assert heard(opened(port, b"")) == b""
        assert httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200


def test_a_body_that_comes_slowly_but_steadily_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.connections, "BODY_S", 0.3)
    monkeypatch.setattr(app.connections, "BODY_BYTES_PER_S", 1_000)
    body = b'{"message": "hello"' + b" " * 980 + b"}"
    head = b"POST /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    with serving_patiently(tmp_path) as port:
        connection = opened(port, head + b"Content-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 200):
            connection.sendall(body[start : start + 200])
            time.sleep(0.12)
        assert heard(connection).startswith(b"HTTP/1.1 200 ")


def test_a_caller_who_does_not_read_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.connections, "WRITE_S", 0.3)
    with serving_patiently(tmp_path) as port, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", port))
        connection.settimeout(10)
        asked = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
        with pytest.raises(OSError):  # reset, or a broken pipe
            while True:  # until the answers fill what the two sides buffer, and then some
                connection.sendall(asked * 50)
                time.sleep(0.05)


def test_where_all_connections_work_there_is_room_for_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.server._files_allowed", lambda: 16)  # 8 connections
    gate = asyncio.Event()
    with serving_patiently(tmp_path, ScriptedChat(answered(), gate=gate)) as port, ExitStack() as crowd:
        head = b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        whole = head + b'Content-Length: 20\r\n\r\n{"message": "hello"}'
        for _ in range(8):
            crowd.enter_context(opened(port, whole))
        until_busy(port)
        alive = httpx.get(f"http://127.0.0.1:{port}/health/live")
        assert (alive.status_code, alive.headers["Connection"]) == (200, "close")
        refused = httpx.post(f"http://127.0.0.1:{port}/chat", json={"message": "hello"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert refused.headers["content-type"] == "application/problem+json"


def until_busy(port: int) -> None:
    while "Connection" not in httpx.get(f"http://127.0.0.1:{port}/health/live").headers:
        time.sleep(0.01)


def test_out_of_files_it_turns_away_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    real, calls = socket.socket.accept, 0

    def accept(self: socket.socket) -> tuple[socket.socket, Any]:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(self)

    monkeypatch.setattr(socket.socket, "accept", accept)
    with listen("127.0.0.1", 0) as listener:
        for _ in range(3):
            with socket.create_connection(listener.getsockname(), timeout=5) as caller:
                with pytest.raises(BlockingIOError):
                    listener.accept()
                assert caller.recv(1) == b""
    assert len(re.findall("turned away", caplog.text)) == 1


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_every_address_means_both_families() -> None:
    with listen("::", 0) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), timeout=5).close()
