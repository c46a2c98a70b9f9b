"""Gold questions: what every release has to get right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from app.api.callers import Using
from app.api.errors import Problem
from app.api.routes.curation import gate as calls
from app.api.schemas.gate import ExpectedBody, GoldRequest
from app.api.schemas.public import HistoryMessage
from app.console.asking import CHOICES
from app.console.pages import PAGE, Listing, back, filters_of, offset_of, page_of, view
from app.console.route import ConsoleRoute
from app.console.session import At, fields_of, for_role
from app.store.curators import Role
from app.store.gold import Gold
from learning.evaluation.report.last_report import read_report
from pipeline.types import Outcome

router = APIRouter(prefix="/admin/ui/gold", include_in_schema=False, route_class=ConsoleRoute)
of_turns = APIRouter(prefix="/admin/ui/turns", include_in_schema=False, route_class=ConsoleRoute)
evaluation = APIRouter(prefix="/admin/ui/evaluation", include_in_schema=False, route_class=ConsoleRoute)
_EDITOR = [for_role(Role.EDITOR)]
_HOME = "/admin/ui/gold"


@router.get("")
async def listed(request: Request, services: Using, at: At) -> Response:
    filters = filters_of(request, "text")
    found = await services.storage.run(lambda: services.gate.gold.list(services.releases.served_ids()))
    found = [gold for gold in found if filters["text"].casefold() in gold.question.casefold()]
    rows = found[offset_of(request) : offset_of(request) + PAGE]
    listing = Listing(request.url.path, rows, len(found), page_of(request), filters)
    reports = await services.storage.run(services.releases.reports)
    last = max(reports.values(), key=lambda report: report.created_at, default=None)
    return view(request, at, "knowledge/golds.html", {"listing": listing, "report": last})


@router.get("/new", dependencies=_EDITOR)
async def new(request: Request, at: At) -> Response:
    return _form(request, at, None)


@router.post("/new", dependencies=_EDITOR)
async def create(request: Request, services: Using, at: At) -> Response:
    body = _body(await fields_of(request))
    await services.storage.run(calls.create_gold, body, services, at.curator, Response())
    return back(_HOME, "From now on, every release is asked this.")


@router.get("/{gold_id}")
async def read(request: Request, gold_id: str, services: Using, at: At) -> Response:
    return _form(request, at, await services.storage.run(calls.read_gold, gold_id, services))


@router.post("/{gold_id}", dependencies=_EDITOR)
async def save(request: Request, gold_id: str, services: Using, at: At) -> Response:
    before = await services.storage.run(calls.read_gold, gold_id, services)
    body = _body(await fields_of(request), before.history)
    await services.storage.run(calls.replace_gold, gold_id, body, services, at.curator)
    return back(_HOME, "Saved.")


@router.post("/{gold_id}/delete", dependencies=_EDITOR)
async def delete(gold_id: str, services: Using, at: At) -> Response:
    await services.storage.run(calls.delete_gold, gold_id, services, at.curator)
    return back(_HOME, "The gold question is deleted. It cannot be taken back.")


@of_turns.post("/{message_id}/gold", dependencies=_EDITOR)
async def from_turn(request: Request, message_id: str, services: Using, at: At) -> Response:
    """The message of a turn, with what is right for it."""
    form = await fields_of(request)
    body = ExpectedBody(entry_ids=_ids(form), outcome=_outcome(form))
    gold = await services.storage.run(calls.gold_of_turn, message_id, body, services, at.curator, Response())
    return back(f"{_HOME}/{gold.id}", "From now on, every release is asked this.")


@evaluation.get("")
async def evaluated(request: Request, services: Using, at: At) -> Response:
    """The last evaluation from the command line. Entries that it names may be of another knowledge base."""
    report = await services.storage.run(read_report, services.settings.data_dir)
    entry_ids = await services.storage.run(services.entries.ids) if report else ()
    shown = {"report": report, "entry_ids": set(entry_ids)}
    return view(request, at, "knowledge/evaluation.html", shown)


def _form(request: Request, at: At, gold: Gold | object | None) -> Response:
    return view(request, at, "knowledge/gold.html", {"gold": gold, "outcomes": CHOICES["outcomes"]})


def _body(form: FormData, history: Sequence[Mapping[str, str]] = ()) -> GoldRequest:
    try:
        return GoldRequest(
            history=[HistoryMessage.model_validate(each) for each in history],
            question=str(form.get("question", "")),
            entry_ids=_ids(form),
            outcome=_outcome(form),
            note=str(form.get("note", "")),
            active=bool(form.get("active")),
        )
    except ValidationError as error:
        raise Problem(422, "invalid", error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _ids(form: FormData) -> list[str]:
    return str(form.get("entry_ids", "")).replace(",", " ").split()


def _outcome(form: FormData) -> Outcome | None:
    given = str(form.get("outcome", ""))
    return Outcome(given) if given in list(Outcome) else None
