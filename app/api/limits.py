"""What the service takes on: how many turns, how many requests of one client, how large a body."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import ceil

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import Problem, problem_response, unavailable

CROWDED = "crowded"
"""In a request's state: there are more connections than may be, and each of them is at work."""
_HEALTH = "/health/"
_CLIENTS = 10_000


class TurnLimiter:
    """Lets `concurrent` turns run and `waiting` more wait; sheds the rest."""

    def __init__(self, concurrent: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(concurrent)
        self._room = concurrent + waiting
        self._taken = 0

    @property
    def taken(self) -> int:
        """Turns running or waiting now."""
        return self._taken

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place to run in, waited for. Raises a 503 `Problem` where too many wait already."""
        if self._taken >= self._room:
            raise unavailable("Too many people are asking at once. Please try again.", kind="busy", retry_s=1)
        self._taken += 1
        try:
            async with self._free:
                yield
        finally:
            self._taken -= 1


class RateLimiter:
    """A token bucket for each client: `per_minute`, saved up for a minute at most; 0 is no limit."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client: tokens, when counted

    def check(self, client: str, weight: int = 1) -> None:
        """Raises a 429 `Problem` that says when to come back where `take` would."""
        tokens, wanted = self._tokens(client), min(weight, self._capacity)
        if tokens < wanted:
            wait = max(1, ceil((wanted - tokens) * 60 / self._capacity))
            detail = "You are asking faster than this service allows. Please wait a moment."
            raise Problem(429, "rate-limited", detail, headers={"Retry-After": str(wait)})

    def take(self, client: str, weight: int = 1) -> None:
        """Counts what costs `weight`, or a whole bucket at most. Raises a 429 `Problem`, and counts nothing,
        where there is not so much."""
        if not self._capacity:
            return
        self.check(client, weight)
        self._buckets[client] = (self._tokens(client) - min(weight, self._capacity), self._clock())
        self._buckets.move_to_end(client)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)  # the client not seen for longest: its bucket is full again

    def give_back(self, client: str, weight: int = 1) -> None:
        """Takes back what `take` counted for something that turned out to cost nothing."""
        if client in self._buckets:
            tokens = min(float(self._capacity), self._tokens(client) + min(weight, self._capacity))
            self._buckets[client] = (tokens, self._clock())

    def _tokens(self, client: str) -> float:
        now = self._clock()
        tokens, since = self._buckets.get(client, (float(self._capacity), now))
        return min(self._capacity, tokens + (now - since) * self._capacity / 60)


class BodyLimit:
    """ASGI middleware: a body that grows over its path's limit is a 413, whatever length it announced."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str], int]) -> None:
        self.app = app
        self.limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit, seen = self.limit_of(scope["path"]), 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise Problem(413, "too-large", f"The request body is larger than {limit:,} bytes.")
            return message

        await self.app(scope, limited, send)


class RoomForHealth:
    """ASGI middleware: what comes in over a connection too many may ask after the service's health alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        crowded = scope["type"] == "http" and scope.get("state", {}).get(CROWDED)
        if not crowded:
            await self.app(scope, receive, send)
            return

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        if scope["path"].startswith(_HEALTH):
            await self.app(scope, receive, closing)
            return
        problem = unavailable("There are too many connections. Please try again.", kind="busy", retry_s=1)
        await problem_response(Request(scope), problem)(scope, receive, closing)
