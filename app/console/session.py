"""Who sits at the console: a sign-in is a key like any other, kept in a cookie that no script can read."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData

from app.api.admission import needs
from app.api.errors import Problem
from app.compose.services import Services
from app.store.curators import Curator, Role
from app.store.curators.rows import SESSION
from app.store.database.db import now

COOKIE = "candor_session"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""Its name on https: no other host, and no page without https, can set a cookie of such a name."""
SIGN_IN = "/admin/sign-in"
LASTS = timedelta(hours=12)
CSRF_FIELD = "csrf"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A curator at the console, and the token that each of his forms has to bring along."""

    curator: Curator
    csrf: str

    def may(self, role: str) -> bool:
        """Whether he may do what takes `role`."""
        return self.curator.role.covers(Role(role))


async def _at(request: Request) -> Visitor:
    visitor: Visitor = request.state.visitor
    return visitor


At = Annotated[Visitor, Depends(_at)]
"""As a view's parameter: who looks at it."""
for_role = needs


async def visitor_of(request: Request, services: Services) -> Visitor | None:
    """Whose cookie this is; None where it is none's, or no longer."""
    secret = request.cookies.get(_cookie(request)[0], "")
    curator = await services.storage.run(services.keys.bearer, secret) if secret else None
    if curator is None or curator.via != SESSION:  # a key is no sign-in
        return None
    return Visitor(curator, csrf_of(secret))


async def opened(services: Services, curator: Curator, response: Response, request: Request) -> None:
    """Begins a sign-in: the cookie goes along with `response`."""
    secret = await services.storage.run(services.keys.sign_in, curator, now() + LASTS)
    name, path, secure = _cookie(request)
    response.set_cookie(
        name,
        secret,
        max_age=int(LASTS.total_seconds()),
        path=path,
        secure=secure,
        httponly=True,
        samesite="strict",
    )


async def closed(services: Services, curator: Curator, response: Response, request: Request) -> None:
    """Ends it."""
    if secret := request.cookies.get(_cookie(request)[0]):
        await services.storage.run(services.keys.sign_out, secret, curator)
    forget(response, request)


def forget(response: Response, request: Request) -> None:
    """Takes the cookie away."""
    name, path, secure = _cookie(request)
    response.delete_cookie(name, path=path, secure=secure, httponly=True, samesite="strict")


def _cookie(request: Request) -> tuple[str, str, bool]:
    """Name, path and whether for https alone. Browsers take a `__Host-` name with the path `/` only."""
    secure = request.url.scheme == "https"
    return (SECURE_COOKIE, "/", secure) if secure else (COOKIE, "/admin", secure)


def csrf_of(secret: str) -> str:
    """The token of a session's forms: it tells nothing about the cookie."""
    return hashlib.sha256(f"form:{secret}".encode()).hexdigest()


async def check_form(request: Request, expected: str) -> None:
    """Raises a 403 `Problem` for what comes from no form of this console: from another site, or without its
    token."""
    check_origin(request)
    given = (await request.form()).get(CSRF_FIELD, "")
    if not secrets.compare_digest(str(given).encode(), expected.encode()):
        raise Problem(403, "forbidden", "This form is out of date: load the page again.")


def check_origin(request: Request) -> None:
    """Raises a 403 `Problem` for what another site sends. A browser says so itself; an older one at least
    names the site, which is held against this one's name."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_own = site in ("same-origin", "none")
    else:
        is_own = origin is None or urlsplit(origin).netloc == request.headers.get("Host")
    if not is_own:
        raise Problem(403, "forbidden", "This form was sent from another site.")


async def fields_of(request: Request) -> FormData:
    """What a form holds. Read once, however often it is asked for. Raises a 422 `Problem` for a text with a
    NUL character, which no keyboard types and PostgreSQL does not take."""
    form = await request.form()
    if any("\x00" in value for _, value in form.multi_items() if isinstance(value, str)):
        raise Problem(422, "invalid", "A text may not hold a NUL character.")
    return form


def back_of(request: Request) -> str:
    """Where a visitor came from, if that was a view of this console."""
    asked = parse_qs(request.url.query).get("back", [""])[0]
    path, _, _ = asked.partition("?")
    is_own = path == "/admin" or path.startswith("/admin/ui/")
    is_plain = asked.isprintable() and not any(each in path for each in ("//", "\\", ".."))
    return asked if is_own and is_plain else "/admin"
