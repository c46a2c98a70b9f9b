"""Real HTTP on the loopback interface."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Literal

import uvicorn

Asgi = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Asgi]]
Send = Callable[[Asgi], Awaitable[None]]


@contextmanager
def on_loopback(
    app: Callable[[Asgi, Receive, Send], Awaitable[None]], lifespan: Literal["auto", "off"] = "auto"
) -> Iterator[str]:
    """The address at which uvicorn serves `app`, from a thread of its own."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan=lifespan, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
