"""What users asked and got no answer to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using
from app.api.errors import Problem
from app.api.instants import Since, Until
from app.api.openapi import problems
from app.api.schemas.admin import Limit, Offset, Text
from app.api.schemas.curation import GapBody, GapPageBody, WholeGapBody
from app.compose.services import Services
from app.curation.asked import Kind
from app.curation.clusters import Per
from app.curation.entry_making import wordings_of
from app.curation.gap_report import Gap
from app.curation.gap_store import GapNotFound, GapState
from app.store.curators import Curator, Role
from knowledge.types import Hit

PREFIX = "/admin/gaps"
router = APIRouter(prefix=PREFIX, route_class=AdminRoute, responses=problems(401, 403, 429))


@router.get("", responses=problems(422))
def list_gaps(
    services: Using,
    kind: Kind | None = None,
    state: Annotated[list[GapState] | None, Query()] = None,
    text: Text = None,
    since: Annotated[Since, Query()] = None,
    until: Annotated[Until, Query()] = None,
    per: Per = Per.DAY,
    offset: Offset = 0,
    limit: Limit = 50,
) -> GapPageBody:
    """Messages without an answer, offers that nobody took up and answers rated down, clustered, those with
    most messages first. Apart from them, as a `kind` each: `off_topic`, and `answered`, what is asked most
    and has an answer."""
    found = services.gaps.find(kind=kind, states=state, text=text, since=since, until=until)
    items = [GapBody.of(gap, _nearest(services, gap), per) for gap in found[offset : offset + limit]]
    return GapPageBody(items=items, total=len(found), offset=offset, limit=limit)


@router.get("/{gap_id}", responses=problems(404))
def read_gap(gap_id: str, services: Using, per: Per = Per.DAY) -> WholeGapBody:
    """With its messages, and with what can become alternates of an entry."""
    gap = gap_of(services, gap_id)
    related = services.gaps.related(gap)
    return WholeGapBody.whole(gap, _nearest(services, gap), per, wordings_of(gap), related)


@router.post("/{gap_id}/dismiss", dependencies=[needs(Role.EDITOR)], responses=problems(404))
def dismiss_gap(gap_id: str, services: Using, acting: Acting) -> GapBody:
    """Nothing is to be done about it, also when it is asked again."""
    return _in_state(services, acting, gap_id, GapState.DISMISSED)


@router.post("/{gap_id}/reopen", dependencies=[needs(Role.EDITOR)], responses=problems(404))
def reopen_gap(gap_id: str, services: Using, acting: Acting) -> GapBody:
    """Takes back that it was dismissed, or closed."""
    return _in_state(services, acting, gap_id, GapState.REOPENED)


def gap_of(services: Services, gap_id: str) -> Gap:
    """Raises a 404 `Problem`."""
    try:
        return services.gaps.get(gap_id)
    except GapNotFound:
        raise Problem(404, "not-found", "There is no such gap.") from None


def _in_state(services: Services, acting: Curator, gap_id: str, state: GapState) -> GapBody:
    gap = gap_of(services, gap_id)
    if gap.row.state != state:
        services.gaps.set_state(gap.row.id, state)
        services.audit.record(acting, f"gap.{state}", gap.row.id)
        gap = gap_of(services, gap_id)
    return GapBody.of(gap, _nearest(services, gap), Per.DAY)


def _nearest(services: Services, gap: Gap) -> Sequence[Hit]:
    return services.gaps.nearest(gap, services.live.current if services.live.release_id else None)
