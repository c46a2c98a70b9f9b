"""The views as HTML: one layout, one policy, and what the address says of a list."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.console.prose import html_of
from app.console.replies import exchange_json
from app.console.session import Visitor

FOLDER = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
PAGE = 50  # rows of a list
_TOLD = "candor_told"
_LONGEST_TOLD = 500
_LARGE = 100
_TOLD_S = 60  # how long a message waits for the view that shows it


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list. `filters` are what the address says of it: they stay from page to page."""

    path: str
    rows: Sequence[Any]
    total: int
    number: int
    filters: Mapping[str, str]

    @property
    def pages(self) -> int:
        return max(1, ceil(self.total / PAGE))

    def at(self, number: int) -> str:
        """The address of another page of it."""
        given = {name: value for name, value in self.filters.items() if value}
        return f"{self.path}?{urlencode({**given, 'page': number})}"


def page_of(request: Request) -> int:
    """Which page of a list the address asks for: 1 and up."""
    asked = request.query_params.get("page", "1")
    return max(1, min(int(asked[:9]), 200_000)) if asked.isascii() and asked.isdigit() else 1


def offset_of(request: Request) -> int:
    """How many rows come before that page."""
    return (page_of(request) - 1) * PAGE


def filters_of(request: Request, *names: str) -> dict[str, str]:
    """The filters that a list's address holds, empty ones too."""
    return {name: request.query_params.get(name, "").strip()[:500] for name in names}


def view(
    request: Request,
    visitor: Visitor | None,
    template: str,
    shown: Mapping[str, object],
    status: int = 200,
) -> HTMLResponse:
    """A view. `shown` is what its template names."""
    told = {"request_path": request.url.path, "visitor": visitor, "told": _told(request)}
    page = _templates.get_template(template).render(**told, **shown)
    response = HTMLResponse(page, status, headers=HEADERS)
    if _TOLD in request.cookies:
        response.delete_cookie(_TOLD, path="/admin", httponly=True, samesite="strict")
    return response


def rendered(template: str, shown: Mapping[str, object]) -> str:
    """A part of a view."""
    return _templates.get_template(template).render(**shown)


def back(path: str, done: str, undo: str = "", *, revert: str = "") -> RedirectResponse:
    """After a write: back to a view, which says once what was done. `undo` is the view where that can be
    undone, `revert` the address of a form without fields that does it at once. They go in a cookie: no link
    from elsewhere can have the console say something, or offer an act as harmless."""
    response = RedirectResponse(path, 303)
    said = json.dumps({"done": done[:_LONGEST_TOLD], "undo": undo, "revert": revert}).encode()
    kept = urlsafe_b64encode(said).decode()
    response.set_cookie(_TOLD, kept, _TOLD_S, path="/admin", httponly=True, samesite="strict")
    return response


def _told(request: Request) -> Mapping[str, str]:
    """What `back` left for this view; nothing where that cannot be read."""
    try:
        said = json.loads(urlsafe_b64decode(request.cookies.get(_TOLD, "")))
        return {name: str(said.get(name, "")) for name in ("done", "undo", "revert")}
    except (ValueError, AttributeError):
        return {"done": ""}


def _instant(value: datetime | date | str | None) -> str:
    """A moment as people read it, in UTC: "29 Nov 2026, 14:05"."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None:
        return ""
    if not isinstance(value, datetime):
        return f"{value.day} {value:%b %Y}"
    value = value.astimezone(UTC)
    return f"{value.day} {value:%b %Y, %H:%M}"


def _figure(value: float) -> str:
    """Three decimals, or one of a large number."""
    return f"{value:,.1f}" if abs(value) >= _LARGE else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "instant": _instant,
    "percent": _percent,
    "as_read": exchange_json,
    "figure": _figure,
    "markdown": html_of,
}
