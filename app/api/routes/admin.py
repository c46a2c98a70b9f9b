"""The owner's side of what runs: releases and the traces of turns."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using
from app.api.errors import Problem
from app.api.instants import Since, Until
from app.api.openapi import problems
from app.api.schemas.admin import JsonObject, Limit, Name, Offset, Text
from app.api.schemas.public import JobBody, ReleaseBody, TurnPageBody
from app.compose.services import Services
from app.store.asking import Wanted
from app.store.conversations import MessageNotFound, Rating
from app.store.curators import Role
from app.store.jobs import JobNotFound
from knowledge.releases.releases import ReleaseInfo
from pipeline.types import Outcome

router = APIRouter(prefix="/admin", route_class=AdminRoute, responses=problems(401, 403, 429))


@router.post("/reindex", dependencies=[needs(Role.APPROVER)], status_code=202, responses=problems(409))
async def reindex(services: Using, curator: Acting) -> JobBody:
    job_id = await services.releases.reindex()
    await services.storage.run(services.audit.record, curator, "release.build", job_id)
    return await asyncio.to_thread(_job, services, job_id)


@router.get("/reindex/{job_id}", responses=problems(404))
def read_job(job_id: str, services: Using) -> JobBody:
    return _job(services, job_id)


@router.get("/releases")
def list_releases(services: Using) -> list[ReleaseBody]:
    return [_release(info) for info in services.releases.list()]


@router.post(
    "/releases/{release_id}/activate", dependencies=[needs(Role.APPROVER)], responses=problems(404, 409)
)
async def activate(release_id: str, services: Using, curator: Acting) -> ReleaseBody:
    await services.releases.activate(release_id)
    await services.storage.run(services.audit.record, curator, "release.activated", release_id)
    listed = await asyncio.to_thread(services.releases.list)
    return next(_release(info) for info in listed if info.id == release_id)


@router.get("/turns", responses=problems(422))
def list_turns(
    services: Using,
    outcome: Outcome | None = None,
    rating: Rating | None = None,
    entry: Name = None,
    release: Name = None,
    text: Text = None,
    since: Annotated[Since, Query()] = None,
    until: Annotated[Until, Query()] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> TurnPageBody:
    """All filters given have to hold: `entry` is cited by the reply, `release` is the one that was asked,
    `text` stands in the question."""
    wanted = Wanted(since, until, outcome and outcome.value, rating, entry, release, text)
    page = services.traces.page(wanted, offset=offset, limit=limit)
    return TurnPageBody(items=list(page.turns), total=page.total, offset=offset, limit=limit)


@router.get("/turns/{message_id}", responses=problems(404))
def read_turn(message_id: str, services: Using) -> JsonObject:
    try:
        return services.traces.get(message_id)
    except MessageNotFound:
        raise Problem(404, "not-found", "There is no such turn.") from None


@router.delete("/turns/{message_id}", status_code=204, responses=problems(404))
def delete_turn(message_id: str, services: Using, curator: Acting) -> None:
    """Also what belongs to no conversation: a first turn that failed, a question to /v1/answers."""
    try:
        services.traces.delete(message_id)
    except MessageNotFound:
        raise Problem(404, "not-found", "There is no such turn.") from None
    services.audit.record(curator, "turn.deleted", message_id)


def _job(services: Services, job_id: str) -> JobBody:
    try:
        row = services.jobs.get(job_id)
    except JobNotFound:
        raise Problem(404, "not-found", "There is no such job.") from None
    return JobBody(job_id=row.id, **row.model_dump(include=set(JobBody.model_fields) - {"job_id"}))


def _release(info: ReleaseInfo) -> ReleaseBody:
    return ReleaseBody(
        release_id=info.id,
        created_at=info.created_at,
        active=info.active,
        encoder=info.encoder.name,
        content_hash=info.content_hash,
        counts=info.counts,
        figures=info.figures,
    )
