"""What the service is called by: the hosts it answers to, and the methods of an address."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import Match
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.errors import Problem, problem_response

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HEALTH = "/health/"


def methods_of(request: Request) -> list[str]:
    """The methods that are served at the request's address."""
    scope = request.scope
    if isinstance(scope.get("endpoint"), StaticFiles):
        return ["GET", "HEAD"]
    routes = scope["app"].router.routes
    return [
        method
        for method in METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]


class KnownHosts:
    """ASGI middleware: a request that means another host than `hosts` is a 400. Probes of the service's
    health go by address, and may."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self._names = {host for host in hosts if not host.startswith("*.")}
        self._endings = tuple(host[1:] for host in hosts if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_known(scope):
            problem = Problem(400, "unknown-host", "This service does not answer to that host name.")
            await problem_response(Request(scope), problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"host"), b"")
        host = given.decode("latin-1").lower()
        name, _, port = host.rpartition(":")
        name = name if port.isdigit() and name else host
        return name in self._names or name.endswith(self._endings) or scope["path"].startswith(_HEALTH)


class PlainAddresses:
    """ASGI middleware: nothing is named with a NUL character (404), and none is asked for (422): PostgreSQL
    takes no text that holds one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = _nul_in(scope) if scope["type"] == "http" else None
        if problem is not None:
            await problem_response(Request(scope), problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _nul_in(scope: Scope) -> Problem | None:
    if "\x00" in scope["path"]:
        return Problem(404, "not-found", "There is nothing at this address.")
    is_asked = b"%00" in scope["query_string"]
    return Problem(422, "invalid", "A filter may not hold a NUL character.") if is_asked else None
