"""The first view: how it goes, and what waits for somebody."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.compose.services import Services
from app.console.pages import view
from app.console.route import ConsoleRoute
from app.console.session import At
from app.store.figures import FAILED, Day, daily
from pipeline.types import Outcome

router = APIRouter(prefix="/admin", include_in_schema=False, route_class=ConsoleRoute)
DAYS = 30
KINDS = (
    Outcome.ANSWERED,
    Outcome.CLARIFY,
    Outcome.NO_ANSWER,
    Outcome.OFF_TOPIC,
    Outcome.SMALL_TALK,
    Outcome.DECLINED,
    FAILED,
)


@router.get("")
async def dashboard(request: Request, services: Using, at: At) -> Response:
    days = await services.storage.run(daily, services.engine, DAYS)
    total = sum((Counter(day.outcomes) for day in days), Counter())
    shown = {
        "bars": [(day.day, day.outcomes) for day in days],
        "down": [(day.day, {"rated_down": day.rated_down}) for day in days],
        "kinds": [str(kind) for kind in KINDS],
        "figures": _figures(total, days),
        "engines": _engines(services),
        "waits": await services.storage.run(_waits, services),
    }
    return view(request, at, "dashboard.html", shown)


def _figures(total: Counter[str], days: list[Day]) -> list[tuple[str, int, float | None]]:
    """What is counted, with its share of the turns that asked something."""
    asked = sum(total.values()) - total[Outcome.SMALL_TALK]
    told: list[tuple[str, int, float | None]] = [("Messages", sum(total.values()), None)]
    for name, kind in (
        ("Answered", Outcome.ANSWERED),
        ("Choice offered", Outcome.CLARIFY),
        ("No answer", Outcome.NO_ANSWER),
        ("Off topic", Outcome.OFF_TOPIC),
    ):
        told.append((name, total[kind], total[kind] / asked if asked else None))
    down = sum(day.rated_down for day in days)
    return [*told, ("Rated down", down, down / asked if asked else None)]


def _engines(services: Services) -> list[tuple[str, str]]:
    model = services.llm.chat.name if services.llm is not None else "none: specialists alone"
    live = services.live.release_id or "none yet"
    return [("Live release", live), ("Language model", model), ("State", services.releases.state)]


def _waits(services: Services) -> list[tuple[str, str]]:
    """What waits for somebody, with the view where it is done."""
    told: list[tuple[str, str]] = []
    if services.live.release_id is None:
        told.append(("Nothing is live yet.", "/admin/ui/releases"))
    return told
