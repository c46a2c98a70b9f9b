"""Who gets in on the admin side, and what he may do there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from app.api.callers import Using, client_of
from app.api.errors import Problem
from app.compose.services import Services, services_of
from app.store.curators import OWNER, Curator, Role
from app.store.curators.keys import PREFIX

_READING = {"GET", "HEAD", "OPTIONS"}


class _Needs:
    """A dependency that lets only curators of a role pass."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, request: Request, services: Using) -> None:
        require(await admitted(request, services), self.role)


def needs(role: Role) -> Dependency:
    """For a route's `dependencies`: what its caller has to be."""
    return Dependency(_Needs(role))


async def _acting(request: Request, services: Using) -> Curator:
    return await admitted(request, services)


Acting = Annotated[Curator, Depends(_acting)]
"""As a route's parameter: who calls it."""


class AdminRoute(APIRoute):
    """A route that asks who calls before it reads the body, which a dependency would come after. What names
    no role is for viewers where it only reads, and otherwise for admins."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, role = super().get_route_handler(), role_of(self)

        async def after_admission(request: Request) -> Response:
            require(await admitted(request, await services_of(request)), role)
            return await handle(request)

        return after_admission


def role_of(route: APIRoute) -> Role:
    """The role that a route takes."""
    given = [each.dependency for each in route.dependencies]
    named = [each.role for each in given if isinstance(each, _Needs)]
    default = Role.VIEWER if (route.methods or set()) <= _READING else Role.ADMIN
    return max(named, key=list(Role).index, default=default)


def require(curator: Curator, role: Role) -> None:
    """Raises a 403 `Problem` where the curator's role does not cover `role`."""
    if not curator.role.covers(role):
        raise Problem(
            403,
            "forbidden",
            f"This needs the role {role}; {curator.name} is {curator.role}.",
            more={"needs": role.value, "role": curator.role.value},
        )


async def admitted(request: Request, services: Services) -> Curator:
    """Who bears the request's token or key. Raises a 403 `Problem` where neither a token is set nor anybody
    has an account, a 401 where the request bears nothing that is known, and a 429 where its client gave too
    many wrong ones: then not even the right one is told from them."""
    known: Curator | None = getattr(request.state, "curator", None)
    if known is None:
        known = request.state.curator = await _known(request, services)
    return known


async def _known(request: Request, services: Services) -> Curator:
    token = services.settings.admin_token
    if token is None and not await services.storage.run(services.keys.any):
        raise Problem(403, "admin-off", "The admin side is off: no CANDOR_ADMIN_TOKEN is set.")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    given, client = given.strip(), client_of(request)
    is_guess = scheme.lower() == "bearer"
    if is_guess:
        services.wrong_tokens.check(client)
        expected = token.get_secret_value().encode() if token else b""
        if expected and secrets.compare_digest(given.encode("latin-1"), expected):
            return OWNER
        bearer = await services.storage.run(services.keys.bearer, given) if given.startswith(PREFIX) else None
        if bearer is not None:
            return bearer
        services.wrong_tokens.take(client)
    headers = {"WWW-Authenticate": "Bearer"}
    raise Problem(401, "unauthorized", "This needs the admin token, or a key.", headers=headers)
