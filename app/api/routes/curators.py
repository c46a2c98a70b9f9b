"""Curators, keys, sign-ins, and the log of what they did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using, client_of
from app.api.errors import Problem
from app.api.openapi import problems
from app.api.schemas.admin import (
    NO_NUL,
    ActBody,
    ActingBody,
    AuditBody,
    CuratorBody,
    CuratorChange,
    CuratorRequest,
    KeyBody,
    KeyRequest,
    Limit,
    NewKeyBody,
    Offset,
    SessionBody,
    SignInRequest,
)
from app.store.curators import CuratorNotFound, CuratorRejected, Role
from app.store.curators.rows import CuratorRow, KeyRow
from app.store.database.db import now

SESSION_LASTS = timedelta(hours=12)
_ADMIN = [needs(Role.ADMIN)]
_Word = Annotated[str | None, Query(max_length=200, pattern=NO_NUL)]
router = APIRouter(prefix="/admin", route_class=AdminRoute, responses=problems(401, 403, 429))
sign_in = APIRouter(prefix="/admin", responses=problems(401, 413, 422, 429))
"""What is called without a token."""


@sign_in.post("/session", status_code=201, openapi_extra={"security": []})
async def open_session(request: Request, given: SignInRequest, services: Using) -> SessionBody:
    """A token that lasts twelve hours, for a curator's name and password."""
    client = client_of(request)
    services.wrong_tokens.take(client)  # before it is looked at: many at once are as many guesses
    curator = await services.storage.hashing(services.curators.signed_in, given.name, given.password)
    if curator is None:
        raise Problem(401, "unauthorized", "There is no curator with this name and password.")
    services.wrong_tokens.give_back(client)
    expires_at = now() + SESSION_LASTS
    token = await services.storage.run(services.keys.sign_in, curator, expires_at)
    return SessionBody(token=token, name=curator.name, role=curator.role, expires_at=expires_at)


@contextmanager
def _telling(kind: str) -> Iterator[None]:
    """Makes problems of what is refused, 409 and of this `kind`, and of who is unknown, 404."""
    try:
        yield
    except CuratorRejected as error:
        raise Problem(409, kind, str(error)) from None
    except CuratorNotFound as error:
        raise Problem(404, "not-found", str(error)) from None


@router.get("/session")
def read_session(curator: Acting) -> ActingBody:
    """Who calls, and what he may do."""
    return ActingBody(name=curator.name, role=curator.role, via=curator.via)


@router.delete("/session", dependencies=[needs(Role.VIEWER)], status_code=204)
def close_session(request: Request, services: Using, curator: Acting) -> None:
    """Ends the sign-in that this token came from."""
    if curator.via == "session":
        services.keys.sign_out(request.headers["Authorization"].partition(" ")[2].strip(), curator)


@router.get("/users", dependencies=_ADMIN)
def list_curators(services: Using) -> list[CuratorBody]:
    return [_curator(row) for row in services.curators.list()]


@router.post("/users", dependencies=_ADMIN, status_code=201, responses=problems(409, 413, 422))
def add_curator(given: CuratorRequest, services: Using, curator: Acting) -> CuratorBody:
    with _telling("curator-rejected"):
        row = services.curators.add(given.name, given.role, given.password, by=curator)
    return _curator(row)


@router.put("/users/{name}", dependencies=_ADMIN, responses=problems(404, 409, 413, 422))
def change_curator(name: str, given: CuratorChange, services: Using, curator: Acting) -> CuratorBody:
    """Another role, another password, or both."""
    with _telling("curator-rejected"):
        if given.role is not None:
            services.curators.set_role(name, given.role, by=curator)
        if given.password is not None:
            services.curators.set_password(name, given.password, by=curator)
        return _curator(services.curators.get(name))


@router.delete("/users/{name}", dependencies=_ADMIN, status_code=204, responses=problems(404, 409))
def remove_curator(name: str, services: Using, curator: Acting) -> None:
    """His keys go with him; what he did stays in history and log."""
    with _telling("curator-rejected"):
        services.curators.remove(name, by=curator)


@router.get("/keys", dependencies=_ADMIN)
def list_keys(services: Using) -> list[KeyBody]:
    return [KeyBody(**_key(row)) for row in services.keys.list()]


@router.post("/keys", dependencies=_ADMIN, status_code=201, responses=problems(404, 409, 413, 422))
def create_key(given: KeyRequest, services: Using, curator: Acting) -> NewKeyBody:
    """Its secret is shown now and never again."""
    expires_at = now() + timedelta(days=given.days) if given.days else None
    with _telling("key-rejected"):
        row, secret = services.keys.create(given.name, given.role, given.curator, expires_at, by=curator)
    return NewKeyBody(**_key(row), key=secret)


@router.delete("/keys/{key_id}", dependencies=_ADMIN, status_code=204, responses=problems(404, 409))
def revoke_key(key_id: str, services: Using, curator: Acting) -> None:
    with _telling("key-rejected"):
        services.keys.revoke(key_id, by=curator)


@router.get("/audit", dependencies=_ADMIN)
def list_acts(
    services: Using,
    curator: _Word = None,
    act: _Word = None,
    subject: _Word = None,
    since: datetime | None = None,
    until: datetime | None = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> AuditBody:
    """Every act, newest first. `act`: a whole one (`entry.approved`) or the first part of some (`entry`)."""
    page = services.audit.page(
        curator=curator, act=act, subject=subject, since=since, until=until, offset=offset, limit=limit
    )
    items = [ActBody(**row.model_dump()) for row in page.acts]
    return AuditBody(items=items, total=page.total, offset=offset, limit=limit)


def _curator(row: CuratorRow) -> CuratorBody:
    signs_in = row.password is not None
    return CuratorBody(name=row.name, role=Role(row.role), signs_in=signs_in, created_at=row.created_at)


def _key(row: KeyRow) -> dict[str, Any]:
    return row.model_dump(include=set(KeyBody.model_fields))
