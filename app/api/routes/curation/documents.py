"""Documents on the owner's side: taken in as drafts, listed, forgotten."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Header, Query, Request
from fastapi import Path as InPath

from app.api.admission import Acting, AdminRoute, needs, require
from app.api.callers import Using
from app.api.errors import Problem
from app.api.openapi import problems
from app.api.schemas.documents import DocumentBody, DocumentImportBody, RemovedBody
from app.api.versions import writing_of
from app.store.curators import Role
from knowledge.documents.reading import TYPES, read_document
from knowledge.documents.types import Document

_MOST_NAME = 500
_NAME = rf"^[^\x00-\x1f\x7f]{{1,{_MOST_NAME}}}$"
_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys((*TYPES, "application/octet-stream"), _FILE),
    }
}
router = APIRouter(
    prefix="/admin/documents", route_class=AdminRoute, responses=problems(401, 403, 429), tags=["documents"]
)


@router.get("")
def list_documents(services: Using) -> list[DocumentBody]:
    return [DocumentBody.of(each) for each in services.documents.all()]


@router.post(
    "",
    dependencies=[needs(Role.EDITOR)],
    responses=problems(413, 415, 422, 501),
    openapi_extra=_BODY,
)
async def import_document(
    request: Request,
    services: Using,
    curator: Acting,
    name: Annotated[
        str | None, Query(pattern=_NAME, description="The file's name, by which it is known.")
    ] = None,
    x_filename: Annotated[str | None, Header(max_length=3 * _MOST_NAME)] = None,
    check: Annotated[bool, Query(description="Only tell what would change.")] = False,
    approve: Annotated[bool, Query(description="As approved entries, which needs an approver.")] = False,
) -> DocumentImportBody:
    """Takes in one document, the body, as drafts; of one known by this name, what changed in it since."""
    if approve:
        require(curator, Role.APPROVER)
    document = await _read(request, services.settings.import_limit_bytes, _named(name, x_filename))
    store, by = services.documents, writing_of(services, curator)
    act = store.preview if check else partial(store.apply, by=by)
    (imported,) = await asyncio.to_thread(act, [document], approve=approve)
    return DocumentImportBody.of(imported, checked=check)


@router.delete("/{document_id}", dependencies=[needs(Role.EDITOR)], responses=problems(404))
def remove_document(
    document_id: Annotated[str, InPath(max_length=100)], services: Using, curator: Acting
) -> RemovedBody:
    """Forgets a document. Its drafts that nobody touched go with it; `kept` names the other entries."""
    removed = services.documents.remove(document_id, writing_of(services, curator))
    return RemovedBody(removed=list(removed.removed), kept=list(removed.kept))


def _named(name: str | None, header: str | None) -> str:
    given = (name or unquote(header or "")).strip()
    if not given or any(ord(sign) < 32 or ord(sign) == 127 for sign in given) or len(given) > _MOST_NAME:
        raise Problem(422, "invalid", "Name the file with ?name= or the header X-Filename.", param="name")
    return given.encode("utf-8", "replace").decode()


async def _read(request: Request, limit: int, name: str) -> Document:
    media = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    kind = "" if "." in name[-10:] else TYPES.get(media, "")
    return await asyncio.to_thread(read_document, name, await request.body(), limit, kind=kind)
