"""What can be taken along: entries, ratings, the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.api.callers import Using
from app.api.errors import Problem
from app.api.instants import first_instant, last_instant
from app.api.routes.curation.entries import CSV, NDJSON, XLSX
from app.compose.services import Services
from app.console.pages import HEADERS, filters_of, view
from app.console.route import ConsoleRoute
from app.console.routes.house.audit import NAMES, sought_of
from app.console.session import At, for_role
from app.console.tables import acts_csv, ratings_csv
from app.store.curators import Role
from app.store.database.db import now
from app.store.turns.asking import Wanted
from app.store.turns.conversations import Rating
from knowledge.errors import StorageFailed
from knowledge.sheets.exporting import export_csv, export_jsonl
from knowledge.sheets.workbook_export import export_xlsx

router = APIRouter(prefix="/admin/ui/exports", include_in_schema=False, route_class=ConsoleRoute)
_IN_MEMORY = 8 << 20  # bytes of a workbook; what is longer lies on disk meanwhile
_PIECE = 1 << 16


@router.get("")
async def exports(request: Request, services: Using, at: At) -> Response:
    shown = {"entries": await services.storage.run(services.entries.count)}
    return view(request, at, "house/exports.html", shown)


@router.get("/entries.jsonl")
async def entries_jsonl(services: Using) -> Response:
    return _file("entries.jsonl", NDJSON, export_jsonl(services.entries.all()))


@router.get("/entries.csv")
async def entries_csv(services: Using) -> Response:
    return _file("entries.csv", CSV, export_csv(services.entries.all()))


@router.get("/entries.xlsx")
async def entries_xlsx(services: Using) -> Response:
    """A workbook is whole before its first byte can be sent."""
    try:
        book = await services.storage.run(_workbook, services)
    except StorageFailed as error:  # of its cells, not of the disk: the message is for curators
        raise Problem(422, "invalid", str(error)) from None
    return _file("entries.xlsx", XLSX, _pieces(book))


@router.get("/feedback.csv")
async def feedback(request: Request, services: Using) -> Response:
    filters = filters_of(request, "rating", "since", "until")
    try:
        wanted = Wanted(
            first_instant(filters["since"]) if filters["since"] else None,
            last_instant(filters["until"]) if filters["until"] else None,
            rating=Rating(filters["rating"]) if filters["rating"] else None,
        )
    except ValueError:
        raise Problem(422, "invalid", "There is no such day, or no such rating.") from None
    return _file("feedback.csv", CSV, ratings_csv(services.engine, wanted))


@router.get("/audit.csv", dependencies=[for_role(Role.ADMIN)])
async def audit(request: Request, services: Using) -> Response:
    sought = sought_of(filters_of(request, *NAMES))
    return _file("audit.csv", CSV, acts_csv(services.audit.each(**sought)))


def _workbook(services: Services) -> IO[bytes]:
    book: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed once it is sent
    try:
        export_xlsx(services.entries.all(), book)
    except BaseException:
        book.close()
        raise
    book.seek(0)
    return book


def _pieces(book: IO[bytes]) -> Iterator[bytes]:
    with book:
        while piece := book.read(_PIECE):
            yield piece


def _file(name: str, media_type: str, content: Iterator[str] | Iterator[bytes]) -> Response:
    """A download, named with its day."""
    stem, _, suffix = name.partition(".")
    disposition = f'attachment; filename="{stem}-{now():%Y-%m-%d}.{suffix}"'
    headers = {**HEADERS, "Content-Disposition": disposition}
    return StreamingResponse(content, headers=headers, media_type=media_type)
