"""The views as HTML: one layout, one policy, and what the address says of a list."""

from __future__ import annotations

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
_DONE, _UNDO = "done", "undo"


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
    return max(1, min(int(asked), 200_000)) if asked.isascii() and asked.isdigit() else 1


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
    told = {
        "request_path": request.url.path,
        "visitor": visitor,
        "done": request.query_params.get(_DONE, "")[:300],
        "undo": _own(request.query_params.get(_UNDO, "")),
    }
    return HTMLResponse(_templates.get_template(template).render(**told, **shown), status, headers=HEADERS)


def rendered(template: str, shown: Mapping[str, object]) -> str:
    """A part of a view."""
    return _templates.get_template(template).render(**shown)


def back(path: str, done: str, undo: str = "") -> RedirectResponse:
    """After a write: back to a view, which says what was done, and offers the address that undoes it."""
    said = {_DONE: done} | ({_UNDO: undo} if undo else {})
    return RedirectResponse(f"{path}{'&' if '?' in path else '?'}{urlencode(said)}", 303)


def _own(path: str) -> str:
    return path if path.startswith("/admin/ui/") and "//" not in path else ""


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


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"instant": _instant, "percent": _percent}
