"""A language model from a GGUF file, served by a child process on the loopback interface."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from app.compose.local_llm_child import READY
from pipeline.errors import ModelUnavailable

_CHILD = Path(__file__).with_name("local_llm_child.py")
COMMAND = (sys.executable, "-P", str(_CHILD))
_REMEMBERED_LINES = 20
_ENDS_WITHIN_S = 5.0
_NOT_STARTED, _STARTING = "not started", "starting"
_log = logging.getLogger("candor.local_llm")


@dataclass(frozen=True, slots=True)
class Restarts:
    """Pauses that double, and begin anew after a run of `good_run_s`."""

    first_s: float = 1.0
    longest_s: float = 60.0
    good_run_s: float = 60.0

    def pause_s(self, short_runs: int) -> float:
        return min(self.first_s * 2.0 ** min(short_runs, 30), self.longest_s)


_RESTARTS = Restarts()


class LocalServer:
    """Runs the child, and starts it anew when it ends. Its threads and the child end with `close`; the child
    also ends when this process is killed."""

    def __init__(
        self,
        order: Mapping[str, Any],
        command: Sequence[str] = COMMAND,
        restarts: Restarts = _RESTARTS,
    ) -> None:
        self._order = order
        self._command = command
        self._restarts = restarts
        self._child: subprocess.Popen[str] | None = None
        self._address: str | None = None
        self._state = _NOT_STARTED
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_lines: deque[str] = deque(maxlen=_REMEMBERED_LINES)

    @property
    def ready(self) -> bool:
        return self._address is not None

    @property
    def starting(self) -> bool:
        """Whether it is on its way without having failed."""
        return self._state in (_NOT_STARTED, _STARTING)

    def base_url(self) -> str:
        """Raises `ModelUnavailable` while the model is not loaded."""
        if self._address is None:
            raise ModelUnavailable(f"the local model is {self._state}")
        return f"{self._address}/v1"

    def start(self) -> None:
        self._thread = threading.Thread(target=self._supervise, name="local-llm", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Blocks until the child has ended."""
        self._closing.set()
        if (child := self._child) is not None:
            _end(child)
        if self._thread is not None:
            self._thread.join(2 * _ENDS_WITHIN_S)
        self._state = "closed"

    def wait_ready(self, timeout_s: float) -> bool:
        """Blocks until the model answers, or for so long, or until the child has failed."""
        ends = time.monotonic() + timeout_s
        while self.starting and not self.ready and time.monotonic() < ends:
            time.sleep(0.05)
        return self.ready

    def _supervise(self) -> None:
        short_runs = 0
        while not self._closing.is_set():
            began = time.monotonic()
            code = self._run()
            if self._closing.is_set():
                return
            short_runs = 0 if time.monotonic() - began >= self._restarts.good_run_s else short_runs
            pause_s = self._restarts.pause_s(short_runs)
            short_runs += 1
            self._state = f"restarting: it ended with code {code}"
            _log.warning(
                "the local language model ended with code %s, and starts again in %.0f s; its last words: %s",
                code,
                pause_s,
                " | ".join(self.last_lines) or "none",
            )
            self._closing.wait(pause_s)

    def _run(self) -> int:
        """One life of the child; its exit code."""
        self._state = _STARTING
        self.last_lines.clear()
        with subprocess.Popen(  # noqa: S603 - our own interpreter and script
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")},
            start_new_session=True,  # a Ctrl-C is for us
        ) as child:
            self._child = child
            try:
                if not self._closing.is_set():
                    self._tell_order(child)
                    self._listen(child)
            finally:
                self._address = None
                _end(child)
        return child.returncode

    def _tell_order(self, child: subprocess.Popen[str]) -> None:
        assert child.stdin is not None  # noqa: S101 - a pipe
        with suppress(BrokenPipeError):  # it has ended already; its words tell why
            child.stdin.write(json.dumps(self._order) + "\n")
            child.stdin.flush()

    def _listen(self, child: subprocess.Popen[str]) -> None:
        """Reads the child's words until it has ended."""
        assert child.stdout is not None  # noqa: S101 - a pipe
        for line in map(str.strip, child.stdout):
            if line.startswith(READY):
                address = line.removeprefix(READY)
                threading.Thread(target=self._probe, args=(child, address), daemon=True).start()
            elif line:
                self.last_lines.append(line)
                _log.debug("%s", line)

    def _probe(self, child: subprocess.Popen[str], address: str) -> None:
        """Waits until the server answers: an open port is not a loaded model."""
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            while child.poll() is None and not self._closing.is_set():
                if _healthy(client, address) and self._child is child:
                    self._address = address
                    _log.info("the local language model is ready")
                    return
                time.sleep(0.1)


def _healthy(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(f"{address}/health").is_success
    except httpx.TransportError:
        return False


def _end(child: subprocess.Popen[str]) -> None:
    """Lets the child end by itself, then makes it."""
    for stop in (partial(_close_input, child), child.terminate, child.kill):
        stop()
        with suppress(subprocess.TimeoutExpired):
            child.wait(_ENDS_WITHIN_S)
            return


def _close_input(child: subprocess.Popen[str]) -> None:
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.close()
