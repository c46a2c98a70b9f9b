"""Real HTTP on the loopback interface."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Literal

import uvicorn

Asgi = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Asgi]]
Send = Callable[[Asgi], Awaitable[None]]


class _Server(uvicorn.Server):
    """Starts and ends at an event, where uvicorn looks every tenth of a second whether it should end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serves = threading.Event()
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)  # sets the headers that every response has
        self._loop = asyncio.get_running_loop()
        self.serves.set()
        await self._told.wait()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._told.set)


@contextmanager
def on_loopback(
    app: Callable[[Asgi, Receive, Send], Awaitable[None]], lifespan: Literal["auto", "off"] = "auto"
) -> Iterator[str]:
    """The address at which uvicorn serves `app`, from a thread of its own."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan=lifespan, timeout_graceful_shutdown=2)
    server = _Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.serves.wait(30), "it did not start"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.end()
        thread.join(10)
