"""What was asked in vain, and what becomes of it."""

from __future__ import annotations

import asyncio
from heapq import merge

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from app.api.callers import Using
from app.api.errors import Problem
from app.api.routes.curation import gap_entries as calls
from app.api.routes.curation.gaps import dismiss_gap, gap_of, reopen_gap
from app.api.schemas.curation import DraftRequest, SearchBody, SearchRequest, WordingsRequest
from app.compose.services import Services
from app.console.pages import HEADERS, PAGE, Listing, back, filters_of, offset_of, page_of, rendered, view
from app.console.route import ConsoleRoute
from app.console.session import At, fields_of, for_role
from app.curation.asked import Kind
from app.curation.clusters import Per
from app.curation.entry_making import MOST_WORDINGS, takeable
from app.curation.gap_report import Gap, by_weight
from app.curation.gap_store import GapState
from app.store.curators import Role
from knowledge.importing.records import MAX_QUESTION

router = APIRouter(prefix="/admin/ui/gaps", include_in_schema=False, route_class=ConsoleRoute)
_EDITOR = [for_role(Role.EDITOR)]


@router.get("")
async def gaps(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, "kind", "state", "text")
    kind = Kind(filters["kind"]) if filters["kind"] in list(Kind) else None
    states = [GapState(filters["state"])] if filters["state"] in list(GapState) else None
    found = await asyncio.to_thread(_found, services, kind, states, filters["text"])
    rows = found[offset_of(request) : offset_of(request) + PAGE]
    shown = {
        "listing": Listing(request.url.path, rows, len(found), page_of(request), filters),
        "kinds": [str(each) for each in Kind],
        "states": [str(each) for each in GapState],
    }
    return view(request, at, "users/gaps.html", shown)


def _found(services: Services, kind: Kind | None, states: list[GapState] | None, text: str) -> list[Gap]:
    """Where no kind is asked for, what was taken for off topic is among them: it may not have been."""
    kinds = [kind] if kind else [None, Kind.OFF_TOPIC]
    found = (services.gaps.find(kind=each, states=states, text=text or None) for each in kinds)
    return list(merge(*found, key=by_weight))


@router.get("/{gap_id}")
async def gap(request: Request, gap_id: str, services: Using, at: At) -> Response:
    found = await asyncio.to_thread(gap_of, services, gap_id)
    live = services.live.current if services.live.release_id else None
    shown = {
        "gap": found,
        "weeks": found.cluster.series(Per.WEEK),
        "takeable": takeable(found),
        "most": MOST_WORDINGS,
        "nearest": await asyncio.to_thread(services.gaps.nearest, found, live),
        "related": await asyncio.to_thread(services.gaps.related, found),
        "model": services.llm is not None,
        "sites": len(services.site_search.sites),
        "job": await _search(services, gap_id, request.query_params.get("job", "")),
    }
    return view(request, at, "users/gap.html", shown)


@router.post("/{gap_id}/entry", dependencies=_EDITOR)
async def make(request: Request, gap_id: str, services: Using, at: At) -> Response:
    given = DraftRequest(messages=_ticked(await fields_of(request)))
    made = await asyncio.to_thread(calls.make_entry, gap_id, services, at.curator, Response(), given)
    told = "A draft is made, with what you ticked as its wordings. Write the answer."
    return back(f"/admin/ui/entries/{made['id']}", told)


@router.post("/{gap_id}/draft", dependencies=_EDITOR)
async def draft(request: Request, gap_id: str, services: Using, at: At) -> Response:
    given = DraftRequest(messages=_ticked(await fields_of(request)))
    made = await calls.write_draft(gap_id, services, at.curator, Response(), given)
    told = f"{made.model} wrote a draft from {len(made.based_on)} entries. Read it before it goes to review."
    return back(f"/admin/ui/entries/{made.entry['id']}", told)


@router.post("/{gap_id}/search", dependencies=_EDITOR)
async def search(request: Request, gap_id: str, services: Using, at: At) -> Response:
    given = SearchRequest(
        query=str((await fields_of(request)).get("query", "")).strip()[:MAX_QUESTION] or None
    )
    begun = await calls.search_sites(gap_id, services, at.curator, given)
    return back(f"/admin/ui/gaps/{gap_id}?job={begun.job_id}", "The listed sites are being searched.")


@router.get("/{gap_id}/search/{job_id}")
async def searching(gap_id: str, job_id: str, services: Using) -> Response:
    """How far a search is, as a part of the page."""
    shown = {"job": await _search(services, gap_id, job_id), "gap_id": gap_id}
    return HTMLResponse(rendered("users/search.html", shown), headers=HEADERS)


async def _search(services: Services, gap_id: str, job_id: str) -> SearchBody | None:
    return await asyncio.to_thread(calls.read_search, gap_id, job_id, services) if job_id else None


@router.post("/{gap_id}/alternates", dependencies=_EDITOR)
async def add(request: Request, gap_id: str, services: Using, at: At) -> Response:
    form = await fields_of(request)
    entry_id, messages = str(form.get("entry_id", "")).strip(), _ticked(form)
    if not entry_id:
        raise Problem(422, "invalid", "Say which entry answers this.")
    if not messages:
        raise Problem(422, "invalid", "Tick the messages that become wordings of this entry.")
    given = WordingsRequest(entry_id=entry_id, messages=messages)
    await asyncio.to_thread(calls.add_alternates, gap_id, given, services, at.curator)
    path = f"/admin/ui/entries/{entry_id}"
    return back(path, "What you ticked is among the wordings of this entry now.", undo=f"{path}/history")


def _ticked(form: FormData) -> list[str]:
    """The messages that a form names."""
    return [str(each)[:200] for each in form.getlist("messages")[:200]]


@router.post("/{gap_id}/{act}", dependencies=_EDITOR)
async def decide(gap_id: str, act: str, services: Using, at: At) -> Response:
    acts = {"dismiss": (dismiss_gap, "Dismissed."), "reopen": (reopen_gap, "It is open again.")}
    if act not in acts:
        raise Problem(404, "not-found", "There is nothing at this address.")
    decided, told = acts[act]
    await asyncio.to_thread(decided, gap_id, services, at.curator)
    return back(f"/admin/ui/gaps/{gap_id}", told)
