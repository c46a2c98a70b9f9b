"""`candor serve`."""

from __future__ import annotations

import socket

import typer

from app.cli.failures import Failed
from app.compose.services import build_services
from app.compose.threads import one_thread_a_product
from app.logs import configure_logging
from app.main import create_app
from app.server import Listener, Server, listen
from app.settings import read_settings


def serve(host: str, port: int) -> None:
    """Serves until it is interrupted. Raises `Failed`, and what `build_services` raises."""
    settings = read_settings()
    configure_logging(settings.log_level)
    one_thread_a_product()
    app = create_app(build_services(settings))
    with _listen(host, port) as listener:
        server = Server(app, listener)
        typer.echo(f"Candor listens on {_address(listener)}")
        server.run()
    if not server.started:
        raise Failed("The service could not start.")


def _listen(host: str, port: int) -> Listener:
    try:
        return listen(host, port)
    except OSError as error:
        raise Failed(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
