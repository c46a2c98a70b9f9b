"""One connection: uvicorn's, with limits to how long it waits for its caller.

It waits until a whole request has come. When there are too many connections, those that have waited longest
go first: a new caller always finds a place."""

from __future__ import annotations

import asyncio
from typing import TypeGuard

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.api.limits import CROWDED

HEADER_S = 10.0
"""Longest wait for the whole header of a request."""
BODY_S = 20.0
"""Longest wait for a body that does not come; each byte of it adds 1/`BODY_BYTES_PER_S`."""
BODY_BYTES_PER_S = 2_000
WRITE_S = 60.0
"""Longest wait for a caller who does not read what he asked for."""
_SPARE = 16  # connections above the limit, for calls about the service's health alone
_TOLD = b"The request took too long."
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_TOLD), _TOLD)
)


class PatientProtocol(H11Protocol):
    """A caller has to come to the point, and to read what he is told."""

    most: int
    """How many connections may be open."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        super().connection_made(transport)
        self._wait: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._owed: object = None  # what the caller has to send: IDLE, a header; SEND_BODY, a body
        self._since = self._due = self.loop.time()
        self._watch()
        if len(self.connections) > self.most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._owed is h11.SEND_BODY:
            self._due += len(data) / BODY_BYTES_PER_S
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._wait, self._stall):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(WRITE_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _watch(self) -> None:
        state = self.conn.their_state
        owed = state if state in (h11.IDLE, h11.SEND_BODY) else None
        if owed is self._owed:
            return
        self._owed, self._since = owed, self.loop.time()
        self._due = self._since + (HEADER_S if owed is h11.IDLE else BODY_S)
        if owed is not None:
            self._wait_until_due()

    def _wait_until_due(self) -> None:
        if self._wait is not None:
            self._wait.cancel()
        self._wait = self.loop.call_at(self._due, self._look)

    def _look(self) -> None:
        if self._owed is None or self.transport.is_closing():
            return
        if self.loop.time() < self._due:
            self._wait_until_due()
            return
        begun = self.conn.trailing_data[0] if self._owed is h11.IDLE else not self.cycle.response_started
        if begun:
            self.transport.write(_TOO_SLOW)
        self.transport.close()

    def _make_room(self) -> None:
        idle = [other for other in self.connections if other is not self and _is_owed(other)]
        if idle:
            oldest = min(idle, key=lambda other: other._since)
            self.connections.discard(oldest)  # now, not when it is closed: the next one counts, too
            oldest.transport.abort()
        elif len(self.connections) > self.most + _SPARE:
            self.transport.abort()
        else:
            self.app_state = {**self.app_state, CROWDED: True}


def _is_owed(connection: object) -> TypeGuard[PatientProtocol]:
    return isinstance(connection, PatientProtocol) and connection._owed is not None
