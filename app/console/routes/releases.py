"""Releases: built, examined, made live, rolled back."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.api.callers import Using
from app.api.errors import Problem
from app.compose.services import Services
from app.console.pages import HEADERS, PAGE, Listing, back, filters_of, offset_of, page_of, rendered, view
from app.console.route import ConsoleRoute
from app.console.session import At, fields_of, for_role
from app.release_gate.verdicts import Verdict
from app.store.curators import Role
from app.store.gate_reports import GateStatus
from app.store.jobs import JobNotFound

router = APIRouter(prefix="/admin/ui/releases", include_in_schema=False, route_class=ConsoleRoute)
_APPROVER = [for_role(Role.APPROVER)]
_UNDER_WAY = ("queued", "running")


@router.get("")
async def releases(request: Request, services: Using, at: At) -> Response:
    job_id = request.query_params.get("job", "")
    shown = {
        "releases": await asyncio.to_thread(services.releases.list),
        "reports": await services.storage.run(services.releases.reports),
        "changes": await services.storage.run(services.releases.changes_not_live),
        "in_review": await services.storage.run(services.entries.waiting),
        "job": await _job(services, job_id) if job_id else None,
    }
    return view(request, at, "knowledge/releases.html", shown)


@router.post("", dependencies=_APPROVER)
async def build(services: Using, at: At) -> Response:
    """A release of all that is approved now. Where one is being built already, that one is shown."""
    try:
        job_id = await services.releases.reindex()
    except Problem as problem:
        if "job_id" not in problem.more:
            raise
        return back(f"/admin/ui/releases?job={problem.more['job_id']}", problem.detail)
    await services.storage.run(services.audit.record, at.curator, "release.requested", job_id)
    return back(f"/admin/ui/releases?job={job_id}", "A release is being built.")


@router.get("/jobs/{job_id}")
async def job(job_id: str, services: Using) -> Response:
    """How far a build is, as a part of the page."""
    return HTMLResponse(
        rendered("knowledge/job.html", {"job": await _job(services, job_id)}), headers=HEADERS
    )


@router.get("/{release_id}")
async def release(request: Request, release_id: str, services: Using, at: At) -> Response:
    """What it changes: each question of the gate with both answers."""
    filters = filters_of(request, "verdict")
    verdict = filters["verdict"] if filters["verdict"] in list(Verdict) else None
    reports = services.gate.reports
    page = await services.storage.run(
        lambda: reports.diff(release_id, verdict=verdict, offset=offset_of(request), limit=PAGE)
    )
    found = [each for each in await asyncio.to_thread(services.releases.list) if each.id == release_id]
    if not found:
        raise Problem(404, "not-found", "There is no such release.")
    shown = {
        "release": found[0],
        "report": await services.storage.run(reports.get, release_id),
        "listing": Listing(request.url.path, page.rows, page.total, page_of(request), filters),
        "verdicts": [str(each) for each in Verdict],
    }
    return view(request, at, "knowledge/release.html", shown)


@router.post("/{release_id}/activate", dependencies=_APPROVER)
async def activate(request: Request, release_id: str, services: Using, at: At) -> Response:
    """Live at once, also back to an older one. What did not pass the gate takes a reason."""
    reason = str((await fields_of(request)).get("reason", "")).strip()[:500]
    before = services.live.release_id
    await services.releases.activate(release_id, forced=reason)
    detail = {"reason": reason} if reason else {}
    await services.storage.run(services.audit.record, at.curator, "release.activated", release_id, detail)
    undo = f"/admin/ui/releases/{before}/activate" if before and before != release_id else ""
    return back("/admin/ui/releases", f"{release_id} is live.", revert=undo)


async def _job(services: Services, job_id: str) -> dict[str, Any]:
    try:
        row = await services.storage.run(services.jobs.get, job_id)
    except JobNotFound:
        raise Problem(404, "not-found", "There is no such job.") from None
    reports = await services.storage.run(services.releases.reports) if row.release_id else {}
    report = reports.get(row.release_id or "")
    held = report is not None and report.status == GateStatus.HELD
    return {**row.model_dump(), "is_running": row.status in _UNDER_WAY, "is_held": held}
