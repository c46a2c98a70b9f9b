"""The HTTP server: uvicorn, made to outlive callers that connect and say nothing."""

from __future__ import annotations

import errno
import logging
import os
import resource
import socket
import time
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from app.connections import PatientProtocol

_MOST_CONNECTIONS = 1_000
_QUEUE = 512  # connections that the system holds until they are accepted
_PATIENCE_S = 10  # turns under way may end after a stop was asked for
_QUIET_S = 60.0
_OUT_OF_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_log = logging.getLogger("candor.server")


class Listener(socket.socket):
    """A listening socket for asyncio that has a way out when the process is out of files.

    asyncio by itself would log every attempt, many a second, while those who wait are never answered. One
    file is kept for that moment: it is given up to take a connection and close it: its caller then knows."""

    def __init__(self, listening: socket.socket) -> None:
        super().__init__(fileno=listening.detach())
        self._kept: int | None = os.open(os.devnull, os.O_RDONLY)
        self._told = -_QUIET_S

    def accept(self) -> tuple[socket.socket, Any]:
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in _OUT_OF_FILES:
                raise
            self._tell(error)
        self._give_up_kept()
        with suppress(OSError):
            super().accept()[0].close()
        with suppress(OSError):
            self._kept = os.open(os.devnull, os.O_RDONLY)
        raise BlockingIOError  # to asyncio: nobody else is there for now

    def close(self) -> None:
        self._give_up_kept()
        super().close()

    def _give_up_kept(self) -> None:
        if self._kept is not None:
            os.close(self._kept)
            self._kept = None

    def _tell(self, error: OSError) -> None:
        if time.monotonic() - self._told >= _QUIET_S:
            self._told = time.monotonic()
            _log.error("connections are turned away: %s (said once a minute)", error.strerror)


class Server(uvicorn.Server):
    """Serves `app` on `listener`, once `run` is called, until it is interrupted."""

    def __init__(self, app: ASGIApp, listener: Listener) -> None:
        files = _files_allowed()

        class Protocol(PatientProtocol):
            most = max(8, min(_MOST_CONNECTIONS, files // 2))  # the other half: databases, releases, models

        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=Protocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE_S,
            backlog=max(4, min(64, files // 16)),  # asyncio accepts so many at once, before any can be closed
        )
        super().__init__(config)
        self._listener = listener

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        super().run(sockets or [self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listener.listen(
            _QUEUE
        )  # a burst waits here, rather than for the second that a caller tries again


def listen(host: str, port: int) -> Listener:
    """A socket at `host`; `::` takes callers by IPv4, too. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server((host, port), family=family, backlog=_QUEUE, dualstack_ipv6=both)
    # asyncio sets this only on sockets it opened itself; without it each reply waits 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Listener(listening)


def _files_allowed() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 65_536 if soft == resource.RLIM_INFINITY else soft
