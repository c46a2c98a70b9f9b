"""Entries: found, read, written, reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from app.api.callers import Using
from app.api.errors import Problem, problem_of
from app.api.versions import writing_of
from app.compose.services import Services
from app.console.pages import HEADERS, PAGE, Listing, back, filters_of, offset_of, page_of, view
from app.console.prose import html_of
from app.console.route import ConsoleRoute
from app.console.session import At, fields_of, for_role
from app.store.curators import Role
from knowledge.curation.lifecycle import STEPS
from knowledge.errors import EntryChanged, ImportRejected
from knowledge.importing.parsing import parse_record
from knowledge.importing.records import record_of
from knowledge.types import Entry, EntryStatus, KnowledgeError

router = APIRouter(prefix="/admin/ui/entries", include_in_schema=False, route_class=ConsoleRoute)
_EDITOR = [for_role(Role.EDITOR)]
_REFUSED = (KnowledgeError, Problem)
_MEANWHILE = (
    "Somebody changed it meanwhile (version {version}): nothing was written. Your text is kept below; the"
    " history shows the other's. Save again to write yours over it."
)
_EMPTY: dict[str, Any] = {
    "id": "",
    "topic": "",
    "question": "",
    "answer": "",
    "alternates": [],
    "misconceptions": [],
    "about": [],
    "not_about": [],
    "sources": [],
    "reviewed_on": None,
    "valid_until": None,
    "review_by": None,
    "status": EntryStatus.DRAFT.value,
}


@router.get("")
async def entries(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, "text", "topic", "status")
    status = EntryStatus(filters["status"]) if filters["status"] in list(EntryStatus) else None
    page = await services.storage.run(
        lambda: services.entries.page(
            text=filters["text"] or None,
            topic=filters["topic"] or None,
            status=status,
            offset=offset_of(request),
            limit=PAGE,
        )
    )
    shown = {
        "listing": Listing(request.url.path, page.entries, page.total, page_of(request), filters),
        "topics": sorted(await services.storage.run(services.entries.topics)),
        "states": [str(each) for each in EntryStatus],
    }
    return view(request, at, "entries.html", shown)


@router.get("/new", dependencies=_EDITOR)
async def new(request: Request, services: Using, at: At) -> Response:
    return await _editor(request, services, at, _EMPTY | filters_of(request, "question", "topic"), None)


@router.post("/new", dependencies=_EDITOR)
async def create(request: Request, services: Using, at: At) -> Response:
    given = record_from(await fields_of(request))
    try:
        by = writing_of(services, at.curator)
        kept = await services.storage.run(services.entries.create, _entry(given), by)
    except _REFUSED as error:
        return await _editor(request, services, at, given, None, problem=_told(error))
    return back(f"/admin/ui/entries/{kept.entry.id}", "The entry is written.")


@router.post("/preview", dependencies=_EDITOR)
async def preview(request: Request, at: At) -> Response:
    """The reply that an entry will give, as it is being written."""
    given = record_from(await fields_of(request))
    return HTMLResponse(f'<div class="prose">{html_of(given["answer"])}</div>', headers=HEADERS)


@router.get("/{entry_id}")
async def entry(request: Request, entry_id: str, services: Using, at: At) -> Response:
    kept = await services.storage.run(services.entries.kept, entry_id)
    return await _editor(request, services, at, _EMPTY | record_of(kept.entry), kept.version)


@router.post("/{entry_id}", dependencies=_EDITOR)
async def save(request: Request, entry_id: str, services: Using, at: At) -> Response:
    form = await fields_of(request)
    given = record_from(form) | {"id": entry_id}
    version = int(str(form.get("version", "0")) or 0)
    by = writing_of(services, at.curator, str(form.get("comment", ""))[:2_000])
    try:
        kept = await services.storage.run(services.entries.update, _entry(given), by, version)
    except EntryChanged as error:
        told = _MEANWHILE.format(version=error.version)
        return await _editor(request, services, at, given, error.version, problem=told, status=409)
    except _REFUSED as error:
        return await _editor(request, services, at, given, version, problem=_told(error), status=422)
    said = "Saved." if kept.version == version else f"Saved as version {kept.version}."
    return back(f"/admin/ui/entries/{entry_id}", said, undo=f"/admin/ui/entries/{entry_id}/history")


@router.post("/{entry_id}/status", dependencies=_EDITOR)
async def step(request: Request, entry_id: str, services: Using, at: At) -> Response:
    form = await fields_of(request)
    status, comment = EntryStatus(str(form.get("status"))), str(form.get("comment", ""))[:2_000]
    by = writing_of(services, at.curator, comment)
    await services.storage.run(services.entries.set_status, entry_id, status, by)
    return back(f"/admin/ui/entries/{entry_id}", f"It is {status.value.replace('_', ' ')} now.")


@router.post("/{entry_id}/delete", dependencies=_EDITOR)
async def remove(request: Request, entry_id: str, services: Using, at: At) -> Response:
    await services.storage.run(services.entries.delete, entry_id, writing_of(services, at.curator))
    return back("/admin/ui/entries", f"{entry_id} is deleted.", undo=f"/admin/ui/entries/{entry_id}/history")


async def _editor(
    request: Request,
    services: Services,
    at: At,
    record: Mapping[str, Any],
    version: int | None,
    *,
    problem: str = "",
    status: int = 200,
) -> Response:
    state = EntryStatus(record["status"])
    shown = {
        "record": record,
        "version": version,
        "problem": problem,
        "preview": html_of(record["answer"]),
        "steps": sorted(STEPS[state]) if version is not None else [],
        "states": [str(each) for each in EntryStatus],
        "topics": sorted(await services.storage.run(services.entries.topics)),
    }
    return view(request, at, "entry.html", shown, 422 if problem and status == 200 else status)


def record_from(form: FormData) -> dict[str, Any]:
    """The entry that a form holds, as a record. Lists have one item a line; a source its title, then its
    address."""
    given = {name: str(form.get(name, "")).strip() for name in _EMPTY}
    lists = {name: _lines(given[name]) for name in ("alternates", "misconceptions", "about", "not_about")}
    days = {name: given[name] or None for name in ("reviewed_on", "valid_until", "review_by")}
    sources = [_source(line) for line in _lines(given["sources"])]
    return {**given, **lists, **days, "sources": sources, "topic": given["topic"] or "general"}


def _source(line: str) -> dict[str, str]:
    title, _, url = line.rpartition(" ")
    return {"title": title.strip(" |") or url, "url": url}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _entry(record: Mapping[str, Any]) -> Entry:
    given = {name: value for name, value in record.items() if value is not None}
    return parse_record(given).entries[0]


def _told(error: Exception) -> str:
    if isinstance(error, ImportRejected):
        return " ".join(each.detail for each in error.errors)
    problem: Problem = problem_of(error)
    return str(problem.detail)
