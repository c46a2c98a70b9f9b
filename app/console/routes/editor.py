"""One entry: written, reviewed, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.api.callers import Using
from app.api.errors import Problem, problem_of
from app.api.versions import writing_of
from app.compose.services import Services
from app.console.entry_forms import entry_from_form, record_from, shown, told
from app.console.pages import HEADERS, back, filters_of, rendered, view
from app.console.prose import html_of
from app.console.replies import preview_json
from app.console.route import ConsoleRoute
from app.console.session import At, fields_of, for_role
from app.store.curators import Role
from knowledge.curation.history import FieldChange, differences
from knowledge.curation.lifecycle import Kept, Writing, may_delete, open_steps
from knowledge.errors import EntryChanged, VersionNotFound
from knowledge.importing.records import record_of
from knowledge.types import EntryStatus, KnowledgeError

router = APIRouter(prefix="/admin/ui/entries", include_in_schema=False, route_class=ConsoleRoute)
_EDITOR = [for_role(Role.EDITOR)]
_REFUSED = (KnowledgeError, Problem)
_MEANWHILE = (
    "Somebody changed it meanwhile: nothing was written. Your text is kept below, and what differs is shown"
    " here. Save again to write yours over it."
)
_NOT_DONE = "Somebody changed it meanwhile: nothing was done. What differs from what you saw is shown here."
_NOW = {
    EntryStatus.DRAFT: "It is a draft.",
    EntryStatus.IN_REVIEW: "It waits for an approver.",
    EntryStatus.APPROVED: "It is approved. Users get it with the next release: publish it.",
    EntryStatus.RETIRED: "It is retired. The next release leaves it out.",
}


@dataclass(frozen=True, slots=True)
class _Tried:
    """What could not be saved, and why; `changes` from what is stored to it, where somebody was quicker."""

    problem: str
    status: int = 422
    changes: tuple[FieldChange, ...] = ()


@router.get("/-/new", dependencies=_EDITOR)
async def new(request: Request, services: Using, at: At) -> Response:
    return await _editor(request, services, at, shown(filters_of(request, "question", "topic")), None)


@router.post("/-/new", dependencies=_EDITOR)
async def create(request: Request, services: Using, at: At) -> Response:
    given = record_from(await fields_of(request))
    by = writing_of(services, at.curator)
    try:
        entry = entry_from_form(given, await services.storage.run(services.entries.ids))
        kept = await services.storage.run(services.entries.create, entry, by)
    except _REFUSED as error:
        return await _editor(request, services, at, given, None, _Tried(told(error)))
    return back(_at(kept.entry.id), f"The entry is written. {_NOW[kept.entry.status]}")


@router.post("/-/preview", dependencies=_EDITOR)
async def preview(request: Request) -> Response:
    """The reply that an entry will give, as it is being written."""
    given = record_from(await fields_of(request))
    shown = {"record": given, "preview": html_of(given["answer"]), "reply": preview_json(given)}
    return HTMLResponse(rendered("knowledge/preview.html", shown), headers=HEADERS)


@router.get("/{entry_id}")
async def entry(request: Request, entry_id: str, services: Using, at: At) -> Response:
    kept = await services.storage.run(services.entries.kept, entry_id)
    return await _editor(request, services, at, shown(record_of(kept.entry)), kept)


@router.post("/{entry_id}", dependencies=_EDITOR)
async def save(request: Request, entry_id: str, services: Using, at: At) -> Response:
    form = await fields_of(request)
    given = record_from(form) | {"id": entry_id}
    by = writing_of(services, at.curator, str(form.get("comment", ""))[:2_000])
    before = await services.storage.run(services.entries.kept, entry_id)
    try:
        kept = await services.storage.run(
            services.entries.update,
            entry_from_form(record_of(before.entry) | given),
            by,
            number_of(form.get("version", "")),
        )
    except EntryChanged:
        before = await services.storage.run(services.entries.kept, entry_id)
        changes = await asyncio.to_thread(differences, record_of(before.entry), given)
        return await _editor(request, services, at, given, before, _Tried(_MEANWHILE, 409, tuple(changes)))
    except _REFUSED as error:
        return await _editor(request, services, at, given, before, _Tried(told(error)))
    if kept.version == before.version:
        return back(_at(entry_id), "Nothing was changed.")
    return back(_at(entry_id), f"Saved. {_NOW[kept.entry.status]}", revert=_revert(before, kept.version))


@router.post("/{entry_id}/status", dependencies=_EDITOR)
async def step(request: Request, entry_id: str, services: Using, at: At) -> Response:
    form = await fields_of(request)
    if form.get("status") not in list(EntryStatus):
        raise Problem(422, "invalid", "There is no such status.")
    status, comment = EntryStatus(str(form.get("status"))), str(form.get("comment", ""))[:2_000]
    by = writing_of(services, at.curator, comment)
    known = number_of(form.get("version"))
    before = await services.storage.run(services.entries.kept, entry_id)
    try:
        kept = await services.storage.run(services.entries.set_status, entry_id, status, by, known)
    except EntryChanged as error:
        return await _changed(request, services, at, error)
    except _REFUSED as error:
        return await _editor(request, services, at, shown(record_of(before.entry)), before, _refused(error))
    return back(_at(entry_id), _NOW[status], revert=_revert(before, kept.version))


@router.post("/{entry_id}/delete", dependencies=_EDITOR)
async def remove(request: Request, entry_id: str, services: Using, at: At) -> Response:
    known = number_of((await fields_of(request)).get("version"))
    before, by = await services.storage.run(services.entries.kept, entry_id), writing_of(services, at.curator)
    try:
        await services.storage.run(services.entries.delete, entry_id, by, known)
    except EntryChanged as error:
        return await _changed(request, services, at, error)
    except _REFUSED as error:
        return await _editor(request, services, at, shown(record_of(before.entry)), before, _refused(error))
    revert = _revert(before, before.version + 1)
    return back("/admin/ui/entries", f"“{before.entry.question}” is deleted.", revert=revert)


async def _changed(request: Request, services: Services, at: At, error: EntryChanged) -> Response:
    """The entry as somebody left it meanwhile, and what differs from what this curator saw."""
    kept = await services.storage.run(services.entries.kept, error.entry_id)
    now = record_of(kept.entry)
    changes: list[FieldChange] = []
    try:
        seen = await services.storage.run(services.entries.history.version, error.entry_id, error.known)
        changes = await asyncio.to_thread(differences, now, seen.record)
    except VersionNotFound:
        pass
    return await _editor(request, services, at, shown(now), kept, _Tried(_NOT_DONE, 409, tuple(changes)))


async def _editor(
    request: Request,
    services: Services,
    at: At,
    record: Mapping[str, Any],
    kept: Kept | None,
    tried: _Tried | None = None,
) -> Response:
    found: dict[str, Any] = {"remarks": (), "suggested": (), "is_live": None}
    if kept is not None:
        found = await services.storage.run(_found, services, kept)
    by = writing_of(services, at.curator)
    values = {
        "record": record,
        "kept": kept,
        "tried": tried,
        "preview": html_of(record["answer"]),
        "reply": preview_json(record),
        "steps": [each.value for each in EntryStatus if kept and each in open_steps(kept, by)],
        "may_delete": kept is not None and at.may(Role.EDITOR) and may_delete(kept, by),
        "waits_for_another": kept is not None and _waits_for_another(kept, by),
        "topics": sorted(await services.storage.run(services.entries.topics)),
        **found,
    }
    return view(request, at, "knowledge/entry.html", values, tried.status if tried else 200)


def _found(services: Services, kept: Kept) -> dict[str, Any]:
    """What stands beside an entry: advice, wordings that users suggest, and whether this text is live."""
    served = services.live.current.entries.get(kept.entry.id) if services.live.release_id else None
    return {
        "remarks": services.advice.on(kept.entry),
        "suggested": services.suggestions.at_hand(kept.entry.id),
        "is_live": None if served is None else served == kept.entry,
    }


def _refused(error: Exception) -> _Tried:
    return _Tried(told(error), problem_of(error).status_code)


def _waits_for_another(kept: Kept, by: Writing) -> bool:
    """Whether he may approve, but not what he wrote himself."""
    ready = kept.entry.status is EntryStatus.IN_REVIEW and kept.entry.is_written
    return ready and by.approves and EntryStatus.APPROVED not in open_steps(kept, by)


def _at(entry_id: str) -> str:
    return f"/admin/ui/entries/{entry_id}"


def revert_path(entry_id: str, version: int, known: int) -> str:
    """The address of the form that brings a version back, as long as the entry is at the version `known`."""
    return f"{_at(entry_id)}/revert?version={version}&known={known}"


def number_of(given: object) -> int:
    """The version that a form was made of; none that there is where it does not say."""
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _revert(before: Kept, known: int) -> str:
    return revert_path(before.entry.id, before.version, known)
