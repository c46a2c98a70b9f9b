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
from app.store.db import now

COOKIE = "candor_session"
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
    secret = request.cookies.get(COOKIE, "")
    curator = await services.storage.run(services.keys.bearer, secret) if secret else None
    return Visitor(curator, csrf_of(secret)) if curator is not None else None


async def opened(services: Services, curator: Curator, response: Response, request: Request) -> None:
    """Begins a sign-in: the cookie goes along with `response`."""
    secret = await services.storage.run(services.keys.sign_in, curator, now() + LASTS)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(LASTS.total_seconds()),
        path="/admin",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


async def closed(services: Services, curator: Curator, response: Response, request: Request) -> None:
    """Ends it."""
    if secret := request.cookies.get(COOKIE):
        await services.storage.run(services.keys.sign_out, secret, curator)
    forget(response)


def forget(response: Response) -> None:
    """Takes the cookie away."""
    response.delete_cookie(COOKIE, path="/admin", httponly=True, samesite="strict")


def csrf_of(secret: str) -> str:
    """The token of a session's forms: it tells nothing about the cookie."""
    return hashlib.sha256(f"form:{secret}".encode()).hexdigest()


async def check_form(request: Request, expected: str) -> None:
    """Raises a 403 `Problem` for what comes from no form of this console: from another site, or without its
    token."""
    origin = request.headers.get("Origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.headers.get("Host"):
        raise Problem(403, "forbidden", "This form was sent from another site.")
    given = (await request.form()).get(CSRF_FIELD, "")
    if not secrets.compare_digest(str(given).encode(), expected.encode()):
        raise Problem(403, "forbidden", "This form is out of date: load the page again.")


async def fields_of(request: Request) -> FormData:
    """What a form holds. Read once, however often it is asked for."""
    return await request.form()


def back_of(request: Request) -> str:
    """Where a visitor came from, if that was a view of this console."""
    asked = parse_qs(request.url.query).get("back", [""])[0]
    return asked if asked.startswith("/admin") and "//" not in asked and "\\" not in asked else "/admin"
