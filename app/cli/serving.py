"""`candor serve`."""

from __future__ import annotations

import socket

import typer
import uvicorn

from app.cli.failures import Failed
from app.logs import configure_logging
from app.main import create_app
from app.services import build_services
from app.settings import read_settings

_PATIENCE_S = 10  # turns under way may end after a stop was asked for


def serve(host: str, port: int) -> None:
    """Serves until it is interrupted. Raises `Failed`, and what `build_services` raises."""
    settings = read_settings()
    configure_logging(settings.log_level)
    app = create_app(build_services(settings))
    with _listen(host, port) as listener:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE_S,
        )
        server = uvicorn.Server(config)
        typer.echo(f"Candor listens on {_address(listener)}")
        server.run(sockets=[listener])
    if not server.started:
        raise Failed("The service could not start.")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
        # asyncio sets this only on sockets it opened itself; without it each reply waits 40 ms for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise Failed(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
