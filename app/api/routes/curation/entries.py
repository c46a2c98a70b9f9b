"""Entries: listed, written, imported and exported."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.convertors import StringConvertor, register_url_convertor

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using
from app.api.errors import Problem
from app.api.openapi import problems
from app.api.schemas.admin import NO_NUL, JsonObject, Limit, Offset, Text
from app.api.schemas.entries import ChangedEntry, EntryBody, NewEntry, SavedEntry
from app.api.schemas.public import ImportCounts
from app.api.schemas.releases import EntryPageBody
from app.api.versions import IfMatch, known_of, tag, telling_changes, writing_of
from app.compose.services import Services
from app.store.curators import Role
from knowledge.curation.lifecycle import Kept
from knowledge.curation.remarks import Remark
from knowledge.entries import ApplyMode
from knowledge.importing.parsing import parse_csv, parse_jsonl, parse_record
from knowledge.importing.records import record_of
from knowledge.sheets.exporting import export_jsonl
from knowledge.types import Entry, EntryStatus

NDJSON = "application/x-ndjson"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Comment = Annotated[str, Query(max_length=2_000, pattern=NO_NUL)]
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
_TAG = {"ETag": {"description": "Its version, for If-Match.", "schema": {"type": "string"}}}
_TAGGED: dict[int | str, JsonObject] = {200: {"headers": _TAG}}
_PLACE = {"Location": {"description": "Its address.", "schema": {"type": "string"}}}
_LOCATED: dict[int | str, JsonObject] = {201: {"headers": {**_PLACE, **_TAG}}}
_EDITOR = [needs(Role.EDITOR)]


class _Lines(Response):
    media_type = NDJSON


class _EntryId(StringConvertor):
    """An entry's id in an address. Three of them mean a call."""

    regex = "(?!(?:import|export|deleted)(?:/|$))[^/]+"


register_url_convertor("entry", _EntryId())
router = APIRouter(prefix="/admin/entries", route_class=AdminRoute, responses=problems(401, 403, 429))


@router.get("")
def list_entries(
    services: Using,
    topic: Annotated[str | None, Query(pattern=NO_NUL)] = None,
    status: EntryStatus | None = None,
    text: Text = None,
    expires_before: date | None = None,
    review_before: date | None = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> EntryPageBody:
    page = services.entries.page(
        topic=topic,
        status=status,
        text=text,
        expires_before=expires_before,
        review_before=review_before,
        offset=offset,
        limit=limit,
    )
    items = [record_of(entry) for entry in page.entries]
    waiting = services.releases.changes_not_live()
    return EntryPageBody(items=items, total=page.total, offset=offset, limit=limit, changes_not_live=waiting)


@router.post("", dependencies=_EDITOR, status_code=201, responses=_LOCATED | problems(409, 413, 422))
def create_entry(
    record: NewEntry, services: Using, curator: Acting, response: Response, comment: Comment = ""
) -> SavedEntry:
    kept = services.entries.create(_entry(record), writing_of(services, curator, comment))
    response.headers["Location"] = f"/admin/entries/{kept.entry.id}"
    return _saved(services, kept, response)


@router.get("/export", response_class=_Lines)
def export_entries(services: Using) -> StreamingResponse:
    headers = {"Content-Disposition": 'attachment; filename="entries.jsonl"'}
    return StreamingResponse(export_jsonl(services.entries.all()), media_type=NDJSON, headers=headers)


@router.post("/import", dependencies=_EDITOR, responses=problems(413, 415, 422), openapi_extra=_IMPORTED)
async def import_entries(
    request: Request,
    services: Using,
    curator: Acting,
    mode: ApplyMode = ApplyMode.UPSERT,
    comment: Comment = "",
) -> ImportCounts:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    body, limit = await request.body(), services.settings.import_limit_bytes
    if kind == NDJSON:
        parsed = await asyncio.to_thread(parse_jsonl, body)
    elif kind in (CSV, XLSX):
        parsed = await asyncio.to_thread(parse_csv, body, limit)
    else:
        raise Problem(415, "unsupported-type", f"Send {NDJSON}, {CSV} or {XLSX}.")
    by = writing_of(services, curator, comment)
    counts = await asyncio.to_thread(services.entries.apply, parsed.entries, mode, parsed.given, by)
    advice = await asyncio.to_thread(lambda: list(services.advice.on_many(counts.written)))
    return ImportCounts(
        created=counts.created,
        updated=counts.updated,
        unchanged=counts.unchanged,
        removed=counts.removed,
        ignored_fields=list(parsed.ignored_fields),
        warnings=[*parsed.notes, *counts.warnings, *advice],
    )


@router.get("/{entry_id:entry}", responses=_TAGGED | problems(404))
def read_entry(entry_id: str, services: Using, response: Response) -> EntryBody:
    kept = services.entries.kept(entry_id)
    tag(response, kept)
    return record_of(kept.entry)


@router.get("/{entry_id:entry}/warnings", responses=problems(404))
def read_warnings(entry_id: str, services: Using) -> list[JsonObject]:
    """What whoever approves it should look at."""
    return [_remark(remark) for remark in services.advice.on(services.entries.get(entry_id))]


@router.put("/{entry_id:entry}", dependencies=_EDITOR, responses=_TAGGED | problems(404, 412, 413, 422))
def replace_entry(
    entry_id: str,
    record: ChangedEntry,
    services: Using,
    curator: Acting,
    response: Response,
    if_match: IfMatch = None,
    comment: Comment = "",
) -> SavedEntry:
    if record.setdefault("id", entry_id) != entry_id:
        raise Problem(422, "invalid", "id: must be the one in the address, or left out.")
    by = writing_of(services, curator, comment)
    with telling_changes(services.entries.history):
        kept = services.entries.update(_entry(record), by, known_of(if_match))
    return _saved(services, kept, response)


@router.delete("/{entry_id:entry}", dependencies=_EDITOR, status_code=204, responses=problems(404, 412))
def delete_entry(
    entry_id: str, services: Using, curator: Acting, if_match: IfMatch = None, comment: Comment = ""
) -> None:
    """Its history stays, and brings it back."""
    with telling_changes(services.entries.history):
        services.entries.delete(entry_id, writing_of(services, curator, comment), known_of(if_match))


def _saved(services: Services, kept: Kept, response: Response) -> JsonObject:
    tag(response, kept)
    warnings = [_remark(remark) for remark in services.advice.on(kept.entry)]
    return record_of(kept.entry) | ({"warnings": warnings} if warnings else {})


def _remark(remark: Remark) -> JsonObject:
    return {name: value for name, value in asdict(remark).items() if value}


def _entry(record: JsonObject) -> Entry:
    record.pop("warnings", None)  # as it was given back
    parsed = parse_record(record)
    if parsed.ignored_fields:
        named = ", ".join(parsed.ignored_fields)[:200].encode("utf-8", "replace").decode()
        raise Problem(422, "invalid", f"Unknown fields: {named}.")
    return parsed.entries[0]
