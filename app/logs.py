"""Logs as JSON lines that carry the request's id; never what a user said."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""A context variable, since any library may log, with nothing of ours at hand. Only logs read it."""

_GIVEN = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors "
)
_TALKATIVE = ("httpx", "httpx2", "httpcore", "httpcore2", "openai")  # some log whole prompts when debugging
_log = logging.getLogger("candor.requests")


def page_policy(frame_origins: Sequence[str] = ()) -> str:
    """The content security policy of a page that pages of these origins, and of its own, may frame; without
    any, none may."""
    return _POLICY + ("'self' " + " ".join(frame_origins) if frame_origins else "'none'")


_SECURITY = {
    "Content-Security-Policy": page_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get() or None,
            "error": self.formatException(record.exc_info) if record.exc_info else None,
            **getattr(record, "fields", {}),
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None})


def configure_logging(level: str) -> None:
    """Sends every record of this process to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class RequestContext:
    """ASGI middleware: gives each request an id, its response the security headers, and the log a line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        number = given.decode() if _GIVEN.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = number
        request_id.set(number)
        status, started = 500, time.perf_counter()

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = number
                for name, value in _SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, tell)
        finally:
            fields = {
                "method": scope["method"],
                "path": _place(scope),
                "status": status,
                "ms": round((time.perf_counter() - started) * 1000, 1),
            }
            _log.info("request", extra={"fields": fields})


def _place(scope: Scope) -> str:
    """The address without what it names: who knows a conversation's id may read and delete it."""
    route = scope.get("route")
    if route is not None:
        return str(route.path)
    first, slash, _ = scope["path"].lstrip("/").partition("/")
    return f"/{first}/…" if slash else f"/{first}"
