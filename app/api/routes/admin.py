"""The owner's side: entries, releases and the traces of turns, behind one bearer token."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.convertors import StringConvertor, register_url_convertor

from app.api.admission import AdminRoute, needs
from app.api.callers import Using
from app.api.errors import Problem
from app.api.instants import Since, Until
from app.api.openapi import problems
from app.api.schemas.entries import ChangedEntry, EntryBody, NewEntry
from app.api.schemas.public import EntryPageBody, ImportCounts, JobBody, ReleaseBody, TurnPageBody
from app.compose.services import Services
from app.store.asking import Wanted
from app.store.conversations import MessageNotFound, Rating
from app.store.curators import Role
from app.store.jobs import JobNotFound
from knowledge.entries import ApplyMode
from knowledge.importing.parsing import parse_csv, parse_jsonl, parse_record
from knowledge.importing.records import record_of
from knowledge.releases.releases import ReleaseInfo
from knowledge.sheets.exporting import export_jsonl
from knowledge.types import Entry, EntryStatus
from pipeline.types import Outcome

Offset = Annotated[int, Query(ge=0, le=10_000_000)]
Limit = Annotated[int, Query(ge=1, le=500)]
Name = Annotated[str | None, Query(min_length=1, max_length=200)]
Text = Annotated[str | None, Query(max_length=500)]
JsonObject = dict[str, Any]
NDJSON = "application/x-ndjson"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LINE = {"type": "string", "description": "One entry, a JSON object, a line."}
_ROWS = {
    "type": "string",
    "description": "A header row, then one entry a row: any separator and encoding, columns by their names.",
}
_BOOK = {"type": "string", "format": "binary", "description": "Sheets with a header row."}
_IMPORTED = {
    "requestBody": {
        "required": True,
        "content": {NDJSON: {"schema": _LINE}, CSV: {"schema": _ROWS}, XLSX: {"schema": _BOOK}},
    }
}
_LOCATED: dict[int | str, JsonObject] = {
    201: {"headers": {"Location": {"description": "Its address.", "schema": {"type": "string"}}}}
}


class _Lines(Response):
    media_type = NDJSON


class _EntryId(StringConvertor):
    """An entry's id in an address. Two of them mean a call."""

    regex = "(?!(?:import|export)(?:/|$))[^/]+"


register_url_convertor("entry", _EntryId())
router = APIRouter(prefix="/admin", route_class=AdminRoute, responses=problems(401, 403, 429))


@router.get("/entries")
def list_entries(
    services: Using,
    topic: str | None = None,
    status: EntryStatus | None = None,
    text: Annotated[str | None, Query(max_length=500)] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> EntryPageBody:
    page = services.entries.page(topic=topic, status=status, text=text, offset=offset, limit=limit)
    items = [record_of(entry) for entry in page.entries]
    return EntryPageBody(items=items, total=page.total, offset=offset, limit=limit)


@router.post(
    "/entries",
    dependencies=[needs(Role.EDITOR)],
    status_code=201,
    responses=_LOCATED | problems(409, 413, 422),
)
def create_entry(record: NewEntry, services: Using, response: Response) -> EntryBody:
    entry = services.entries.create(_entry(record))
    response.headers["Location"] = f"/admin/entries/{entry.id}"
    return record_of(entry)


@router.get("/entries/export", response_class=_Lines)
def export_entries(services: Using) -> StreamingResponse:
    headers = {"Content-Disposition": 'attachment; filename="entries.jsonl"'}
    return StreamingResponse(export_jsonl(services.entries.all()), media_type=NDJSON, headers=headers)


@router.post(
    "/entries/import",
    dependencies=[needs(Role.EDITOR)],
    responses=problems(413, 415, 422),
    openapi_extra=_IMPORTED,
)
async def import_entries(
    request: Request, services: Using, mode: ApplyMode = ApplyMode.UPSERT
) -> ImportCounts:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    body, limit = await request.body(), services.settings.import_limit_bytes
    if kind == NDJSON:
        parsed = await asyncio.to_thread(parse_jsonl, body)
    elif kind in (CSV, XLSX):
        parsed = await asyncio.to_thread(parse_csv, body, limit)
    else:
        raise Problem(415, "unsupported-type", f"Send {NDJSON}, {CSV} or {XLSX}.")
    counts = await asyncio.to_thread(services.entries.apply, parsed.entries, mode, parsed.given)
    warnings = [*parsed.notes, *counts.warnings]
    ignored = list(parsed.ignored_fields)
    return ImportCounts(**asdict(counts) | {"warnings": warnings}, ignored_fields=ignored)


@router.get("/entries/{entry_id:entry}", responses=problems(404))
def read_entry(entry_id: str, services: Using) -> EntryBody:
    return record_of(services.entries.get(entry_id))


@router.put("/entries/{entry_id:entry}", dependencies=[needs(Role.EDITOR)], responses=problems(404, 413, 422))
def replace_entry(entry_id: str, record: ChangedEntry, services: Using) -> EntryBody:
    if record.setdefault("id", entry_id) != entry_id:
        raise Problem(422, "invalid", "id: must be the one in the address, or left out.")
    return record_of(services.entries.update(_entry(record)))


@router.delete(
    "/entries/{entry_id:entry}", dependencies=[needs(Role.EDITOR)], status_code=204, responses=problems(404)
)
def delete_entry(entry_id: str, services: Using) -> None:
    services.entries.delete(entry_id)


@router.post("/reindex", dependencies=[needs(Role.APPROVER)], status_code=202, responses=problems(409))
async def reindex(services: Using) -> JobBody:
    return await asyncio.to_thread(_job, services, await services.releases.reindex())


@router.get("/reindex/{job_id}", responses=problems(404))
def read_job(job_id: str, services: Using) -> JobBody:
    return _job(services, job_id)


@router.get("/releases")
def list_releases(services: Using) -> list[ReleaseBody]:
    return [_release(info) for info in services.releases.list()]


@router.post(
    "/releases/{release_id}/activate", dependencies=[needs(Role.APPROVER)], responses=problems(404, 409)
)
async def activate(release_id: str, services: Using) -> ReleaseBody:
    await services.releases.activate(release_id)
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
def delete_turn(message_id: str, services: Using) -> None:
    """Also what belongs to no conversation: a first turn that failed, a question to /v1/answers."""
    try:
        services.traces.delete(message_id)
    except MessageNotFound:
        raise Problem(404, "not-found", "There is no such turn.") from None


def _entry(record: JsonObject) -> Entry:
    parsed = parse_record(record)
    if parsed.ignored_fields:
        named = ", ".join(parsed.ignored_fields)[:200].encode("utf-8", "replace").decode()
        raise Problem(422, "invalid", f"Unknown fields: {named}.")
    return parsed.entries[0]


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
