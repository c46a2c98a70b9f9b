"""The owner's side of what runs: releases and the traces of turns."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using
from app.api.errors import Problem
from app.api.openapi import problems
from app.api.schemas.admin import JsonObject, Limit, Offset
from app.api.schemas.asking import Asking
from app.api.schemas.gate import ActivateRequest, GateBody
from app.api.schemas.public import TurnPageBody
from app.api.schemas.releases import JobBody, ReleaseBody
from app.compose.services import Services
from app.store.curators import Role
from app.store.gate_reports import GateReportRow, GateStatus
from app.store.jobs import JobNotFound
from app.store.turns.conversations import MessageNotFound
from knowledge.releases.releases import ReleaseInfo

CHANGES_NOT_LIVE = "X-Changes-Not-Live"
"""The header that tells how many entries a release built now would add, change or drop."""
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
def list_releases(services: Using, response: Response) -> list[ReleaseBody]:
    waiting, reports = services.releases.changes_not_live(), services.releases.reports()
    response.headers[CHANGES_NOT_LIVE] = str(waiting)
    return [_release(info, reports.get(info.id)) for info in services.releases.list()]


@router.post(
    "/releases/{release_id}/activate", dependencies=[needs(Role.APPROVER)], responses=problems(404, 409)
)
async def activate(
    release_id: str, services: Using, curator: Acting, body: ActivateRequest | None = None
) -> ReleaseBody:
    """Rolls back, or forward. What the gate held back takes `force` and a reason."""
    reason = body.reason if body and body.force else ""
    await services.releases.activate(release_id, forced=f"{reason} ({curator.name})" if reason else "")
    act, detail = ("release.forced", {"reason": reason}) if reason else ("release.activated", {})
    await services.storage.run(services.audit.record, curator, act, release_id, detail)
    listed = await asyncio.to_thread(services.releases.list)
    report = await asyncio.to_thread(services.releases.report, release_id)
    return next(_release(info, report) for info in listed if info.id == release_id)


@router.get("/turns", responses=problems(422))
def list_turns(services: Using, wanted: Asking, offset: Offset = 0, limit: Limit = 50) -> TurnPageBody:
    """All filters given have to hold: `entry` is cited by the reply, `release` is the one that was asked,
    `text` stands in the question."""
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
    report = services.releases.report(row.release_id)
    told = row.model_dump(include=set(JobBody.model_fields) - {"job_id", "gate", "held_back"})
    held = report is not None and report.status == GateStatus.HELD
    return JobBody(job_id=row.id, held_back=held, gate=GateBody.of(report), **told)


def _release(info: ReleaseInfo, report: GateReportRow | None) -> ReleaseBody:
    return ReleaseBody(
        release_id=info.id,
        created_at=info.created_at,
        active=info.active,
        encoder=info.encoder.name,
        content_hash=info.content_hash,
        counts=info.counts,
        figures=info.figures,
        standing=info.standing.value,
        gate=GateBody.of(report),
    )
