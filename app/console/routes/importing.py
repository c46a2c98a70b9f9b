"""Files taken in: uploaded, looked at in a dry run, then taken in or thrown away."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from app.api.callers import Using
from app.api.errors import Problem
from app.api.routes.curation.entries import CSV, XLSX
from app.api.versions import writing_of
from app.compose.services import Services
from app.console.importing.plans import (
    PlanChanged,
    Planned,
    Way,
    carry_out,
    plan,
    told_changes,
    usual_way,
    ways_of,
)
from app.console.importing.reading import ACCEPTED, Content
from app.console.importing.uploads import Upload, UploadGone, UploadRefused, Uploads
from app.console.pages import HEADERS, PAGE, Listing, back, filters_of, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.session import At, Visitor, fields_of, for_role
from app.store.curators import Role
from knowledge.documents.types import ConverterMissing, Document, DocumentUnreadable
from knowledge.errors import ImportRejected, LineError
from knowledge.sheets.exporting import template_csv
from knowledge.sheets.workbook_export import template_xlsx

IMPORT = "/admin/ui/import"
EDITOR = [for_role(Role.EDITOR)]
router = APIRouter(prefix=IMPORT, include_in_schema=False, route_class=ConsoleRoute)
_PARTS = ("created", "changed", "removed", "kept", "unchanged")
_GONE = "This file waits no longer: it was taken in, thrown away, or an hour has passed. Upload it again."
_EARLIER = 10  # imports that are shown


async def _uploads(request: Request) -> Uploads:
    uploads: Uploads = request.app.state.uploads
    return uploads


Waiting = Annotated[Uploads, Depends(_uploads)]


@router.get("", dependencies=EDITOR)
async def upload_form(request: Request, services: Using, at: At, waiting: Waiting) -> Response:
    await asyncio.to_thread(waiting.sweep)
    return await _form(request, services, at)


@router.post("", dependencies=EDITOR)
async def upload(request: Request, services: Using, at: At, waiting: Waiting) -> Response:
    """Reads the file at once: what cannot be read is not kept."""
    given = (await fields_of(request)).get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        return await _form(request, services, at, "Choose a file first.")
    name = given.filename
    try:
        kept = await asyncio.to_thread(waiting.keep, at.csrf, name, given.file)
    except UploadRefused as error:
        return await _form(request, services, at, str(error))
    try:
        await asyncio.to_thread(waiting.content, kept)
    except (ImportRejected, DocumentUnreadable, ConverterMissing) as error:
        await asyncio.to_thread(waiting.drop, at.csrf)
        lines = error.errors if isinstance(error, ImportRejected) else ()
        told = f"{kept.name} was not taken: nothing of it was imported." if lines else str(error)
        return await _form(request, services, at, told, lines)
    return RedirectResponse(f"{IMPORT}/{kept.digest}", 303)


@router.get("/template.xlsx", dependencies=EDITOR)
async def workbook_template() -> Response:
    book = BytesIO()
    await asyncio.to_thread(template_xlsx, book)
    return _download(book.getvalue(), XLSX, "entries.xlsx")


@router.get("/template.csv", dependencies=EDITOR)
async def text_template() -> Response:
    return _download(template_csv().encode(), CSV, "entries.csv")


@router.get("/{digest}", dependencies=EDITOR)
async def dry_run(request: Request, digest: str, services: Using, at: At, waiting: Waiting) -> Response:
    try:
        kept = await asyncio.to_thread(waiting.find, at.csrf, digest)
        content = await asyncio.to_thread(waiting.content, kept)
    except UploadGone:
        return await _form(request, services, at, _GONE)
    return await _plan_view(request, services, at, kept, content)


@router.post("/{digest}", dependencies=EDITOR)
async def take_in(request: Request, digest: str, services: Using, at: At, waiting: Waiting) -> Response:
    """Does what the dry run showed, and nothing else."""
    form = await fields_of(request)
    try:
        kept = await asyncio.to_thread(waiting.find, at.csrf, digest)
        content = await asyncio.to_thread(waiting.content, kept)
    except UploadGone:
        return await _form(request, services, at, _GONE)
    way = _way(str(form.get("way", "")), content, at)
    planned = await asyncio.to_thread(plan, services, content, way)
    by = writing_of(services, at.curator, str(form.get("comment", "")).strip()[:2_000])
    try:
        done = await asyncio.to_thread(carry_out, services, content, way, by, form.get("plan"))
    except PlanChanged:
        told = "Somebody changed entries meanwhile, and nothing was imported. This is what it would do now:"
        return await _plan_view(request, services, at, kept, content, way=way, problem=told)
    await asyncio.to_thread(waiting.drop, at.csrf)
    is_document = isinstance(content, Document)
    shown = {
        "name": kept.name,
        "made": done,
        "is_document": is_document,
        "undo_path": None if is_document or not done.writes else await _undo_of(services, at),
        "ids": [each.id for each in planned.created] + [new.id for _, new in planned.changed],
    }
    return view(request, at, "importing/done.html", shown | {"most": PAGE})


@router.post("/{digest}/discard", dependencies=EDITOR)
async def discard(at: At, waiting: Waiting) -> Response:
    await asyncio.to_thread(waiting.drop, at.csrf)
    return back(IMPORT, "The file is thrown away. Nothing was imported.")


async def _form(
    request: Request,
    services: Services,
    at: Visitor,
    problem: str = "",
    lines: tuple[LineError, ...] = (),
) -> Response:
    page = await services.storage.run(lambda: services.audit.page(act="entries.imported", limit=_EARLIER))
    shown: dict[str, Any] = {
        "problem": problem,
        "lines": lines,
        "accepted": ",".join(ACCEPTED),
        "limit": services.settings.import_limit_bytes,
        "imports": page.acts,
        "documents": await services.storage.run(services.documents.all),
    }
    return view(request, at, "importing/form.html", shown, 422 if problem else 200)


async def _plan_view(
    request: Request,
    services: Services,
    at: Visitor,
    kept: Upload,
    content: Content,
    *,
    way: Way | None = None,
    problem: str = "",
) -> Response:
    filters = filters_of(request, "way", "show")
    approves, is_demonstration = at.may(Role.APPROVER), False
    if not (way or filters["way"]):
        way, is_demonstration = await asyncio.to_thread(usual_way, services, content, approves=approves)
    chosen = way or _way(filters["way"], content, at)
    planned = await asyncio.to_thread(request.app.state.plans.of, services, content, chosen)
    part = filters["show"] if filters["show"] in _PARTS else _first(planned)
    shown = {
        "upload": kept,
        "plan": planned,
        "parts_shown": [each for each in _PARTS if each != "kept" or planned.kept],
        "part": part,
        "way": chosen.value,
        "ways": [each.value for each in ways_of(content, approves=approves)],
        "is_document": isinstance(content, Document),
        "is_demonstration": is_demonstration,
        "approves": approves,
        "four_eyes": services.settings.four_eyes,
        "problem": problem,
        "listing": await _listing(request, kept, planned, part, chosen),
    }
    return view(request, at, "importing/plan.html", shown, 409 if problem else 200)


async def _listing(request: Request, kept: Upload, planned: Planned, part: str, way: Way) -> Listing:
    """One page of a part of the plan."""
    rows, offset = getattr(planned, part), offset_of(request)
    listed = rows[offset : offset + PAGE]
    if part == "changed":
        listed = await asyncio.to_thread(told_changes, listed)
    given = {"way": way.value, "show": part}
    return Listing(f"{IMPORT}/{kept.digest}", listed, len(rows), page_of(request), given)


def _first(planned: Planned) -> str:
    return next((part for part in _PARTS if getattr(planned, part)), "created")


def _way(given: str, content: Content, at: Visitor) -> Way:
    """Raises a 422 `Problem` for one that does not go with this file, or that this curator may not take."""
    ways = ways_of(content, approves=at.may(Role.APPROVER))
    if given not in ways:
        raise Problem(422, "invalid", "This file cannot be taken in so.")
    return Way(given)


async def _undo_of(services: Services, at: Visitor) -> str | None:
    """The address that takes back what this curator imported last."""
    page = await services.storage.run(
        lambda: services.audit.page(act="entries.imported", curator=at.curator.name, limit=1)
    )
    return f"{IMPORT}/undo/{page.acts[0].seq}" if page.acts else None


def _download(data: bytes, media_type: str, name: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)
