"""Gold questions, the diff of a candidate, and the candidate tried."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using, within_rate
from app.api.errors import Problem
from app.api.openapi import problems
from app.api.schemas.admin import Text
from app.api.schemas.gate import (
    DiffBody,
    DiffItem,
    ExpectedBody,
    GateBody,
    GoldBody,
    GoldPageBody,
    GoldRequest,
    TrialBody,
    TrialRequest,
)
from app.compose.services import Services
from app.release_gate.questions import question_of
from app.release_gate.verdicts import Verdict
from app.store.curators import Curator, Role
from app.store.gold import Gold, GoldExists, GoldNotFound, new_id
from app.store.turns.conversations import MessageNotFound
from learning.personal_data import masked
from pipeline.types import Message, Outcome

Offset = Annotated[int, Query(ge=0, le=10_000_000)]
Limit = Annotated[int, Query(ge=1, le=500)]
router = APIRouter(prefix="/admin", route_class=AdminRoute, responses=problems(401, 403, 429))
_EDITING = [needs(Role.EDITOR)]


@router.get("/gold")
def list_gold(
    services: Using,
    text: Text = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> GoldPageBody:
    """The owner's, newest first, then those of the seeds that this knowledge base can be asked."""
    found = services.gate.gold.list(services.releases.served_ids())
    if text:
        found = [gold for gold in found if text.casefold() in gold.question.casefold()]
    items = [GoldBody.of(gold) for gold in found[offset : offset + limit]]
    return GoldPageBody(items=items, total=len(found), offset=offset, limit=limit)


@router.post("/gold", dependencies=_EDITING, status_code=201, responses=problems(409, 413, 422))
def create_gold(body: GoldRequest, services: Using, acting: Acting, response: Response) -> GoldBody:
    return _created(body.to_gold(acting.name), services, acting, response)


@router.get("/gold/{gold_id}", responses=problems(404))
def read_gold(gold_id: str, services: Using) -> GoldBody:
    return GoldBody.of(_found(services, gold_id))


@router.put("/gold/{gold_id}", dependencies=_EDITING, responses=problems(404, 413, 422))
def replace_gold(gold_id: str, body: GoldRequest, services: Using, acting: Acting) -> GoldBody:
    if body.id not in (None, gold_id):
        raise Problem(422, "invalid", "id: must be the one in the address, or left out.")
    _found(services, gold_id)
    gold = body.to_gold(acting.name, gold_id)
    services.gate.gold.put([gold])
    services.audit.record(acting, "gold.changed", gold.id)
    return GoldBody.of(gold)


@router.delete("/gold/{gold_id}", dependencies=_EDITING, status_code=204, responses=problems(404))
def delete_gold(gold_id: str, services: Using, acting: Acting) -> None:
    """One of the seeds' goes out of use."""
    _found(services, gold_id)
    services.gate.gold.delete(gold_id)
    services.audit.record(acting, "gold.deleted", gold_id)


@router.post(
    "/turns/{message_id}/gold",
    dependencies=_EDITING,
    status_code=201,
    responses=problems(404, 409, 413, 422),
)
def gold_of_turn(
    message_id: str, body: ExpectedBody, services: Using, acting: Acting, response: Response
) -> GoldBody:
    """A stored message becomes a gold question, with the conversation before it, without personal
    data. A copy: it stays when the conversation is deleted."""
    try:
        question = question_of(services.engine, message_id)
    except MessageNotFound:
        raise Problem(404, "not-found", "There is no such message.") from None
    outcome = body.outcome or Outcome.ANSWERED
    note = body.note or f"From the turn {message_id}."
    entry_ids = tuple(dict.fromkeys(body.entry_ids))
    history = tuple(Message(said.role, masked(said.text)) for said in question.history)
    gold = Gold(new_id(), masked(question.text), history, entry_ids, outcome, note, acting.name)
    return _created(gold, services, acting, response)


@router.get("/releases/{release_id}/diff", responses=problems(404))
def read_diff(
    release_id: str,
    services: Using,
    verdict: Verdict | None = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> DiffBody:
    """What the gate's questions got from the release that was live, and from this one; losses first."""
    gate = GateBody.of(services.gate.reports.get(release_id))
    if gate is None:
        raise Problem(404, "not-found", "No release of this id was examined.")
    page = services.gate.reports.diff(release_id, verdict=verdict, offset=offset, limit=limit)
    items = [DiffItem.of(row) for row in page.rows]
    return DiffBody(
        release_id=release_id, gate=gate, items=items, total=page.total, offset=offset, limit=limit
    )


@router.post(
    "/releases/{release_id}/ask",
    dependencies=[*_EDITING, Depends(within_rate)],
    responses=problems(404, 409, 413, 422, 503, 504),
)
async def ask_release(release_id: str, body: TrialRequest, services: Using) -> TrialBody:
    """What a release would say, live or not. Nothing of it is stored."""
    return TrialBody.of(release_id, await services.trial.ask(release_id, body.to_question()))


def _created(gold: Gold, services: Services, acting: Curator, response: Response) -> GoldBody:
    try:
        services.gate.gold.add(gold)
    except GoldExists:
        raise Problem(409, "gold-exists", f'There is already a gold question "{gold.id}".') from None
    services.audit.record(acting, "gold.created", gold.id)
    response.headers["Location"] = f"/admin/gold/{gold.id}"
    return GoldBody.of(gold)


def _found(services: Services, gold_id: str) -> Gold:
    try:
        return services.gate.gold.get(gold_id)
    except GoldNotFound:
        raise Problem(404, "not-found", "There is no such gold question.") from None
