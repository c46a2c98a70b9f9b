"""The first view: how it goes, and what waits for somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response

from app.api.callers import Using
from app.compose.services import Services
from app.console.pages import view
from app.console.route import ConsoleRoute
from app.console.routes import entries as entries_view
from app.console.session import At
from app.curation.asked import Section
from app.store.turns.figures import FAILED, Day, daily
from pipeline.types import Outcome

router = APIRouter(prefix="/admin", include_in_schema=False, route_class=ConsoleRoute)
DAYS = 30
_Waiting = tuple[int, str, str, str]
"""How many, a sentence about them, its words for one and for several, and their view."""
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
        "tested": await services.storage.run(services.releases.report, services.live.release_id),
        "waits": await services.storage.run(_waits, services),
    }
    return view(request, at, "dashboard.html", shown)


def _figures(total: Counter[str], days: list[Day]) -> list[tuple[str, int, float | None, str]]:
    """What is counted, with its share of the turns that asked something, and the view that lists them."""
    asked = sum(total.values()) - total[Outcome.SMALL_TALK]
    told: list[tuple[str, int, float | None, str]] = [("Messages", sum(total.values()), None, "turns")]
    for name, kind in (
        ("Answered", Outcome.ANSWERED),
        ("Choice offered", Outcome.CLARIFY),
        ("No answer", Outcome.NO_ANSWER),
        ("Off topic", Outcome.OFF_TOPIC),
    ):
        told.append((name, total[kind], total[kind] / asked if asked else None, f"turns?outcome={kind}"))
    down = sum(day.rated_down for day in days)
    return [*told, ("Rated down", down, down / asked if asked else None, "feedback?rating=down")]


def _engines(services: Services) -> list[tuple[str, str]]:
    model = services.llm.chat.name if services.llm is not None else "none: specialists alone"
    live = services.live.release_id or "none yet"
    return [("Live release", live), ("Language model", model), ("State", services.releases.state)]


def _waits(services: Services) -> list[tuple[str, str]]:
    """What waits for somebody, with the view where it is done."""
    told = [
        (f"{count:,} {text.format(words.split('|')[count > 1])}.", f"/admin/ui/{view}")
        for count, text, words, view in (*_entries_waiting(services), *_questions_waiting(services))
        if count
    ]
    if services.live.release_id is None:
        told.insert(0, ("Nothing is live yet: publish.", "/admin/ui/releases"))
    return told


def _entries_waiting(services: Services) -> Iterator[_Waiting]:
    entries, due = services.entries, entries_view.due_before
    approved = services.releases.changes_not_live()
    yield approved, "approved {} not live yet", "change is|changes are", "releases"
    yield entries.waiting(), "{} for approval", "entry waits|entries wait", "entries?status=in_review"
    for wanted, text, words in (
        (entries_view.EXPIRES, "{} within 30 days, or expired", "entry ends|entries end"),
        (entries_view.TO_REVIEW, "{} to be reviewed by now", "entry was|entries were"),
    ):
        yield entries.page(**due(wanted), limit=0).total, text, words, f"entries?due={wanted}"


def _questions_waiting(services: Services) -> Iterator[_Waiting]:
    gaps = sum(services.gaps.store.count_open(each) for each in (Section.GAPS, Section.OFF_TOPIC))
    wordings = services.suggestions.at_hand()
    yield gaps, "{} open", "unanswered question is|unanswered questions are", "gaps?state=open"
    yield len(wordings), "suggested {} to be looked at", "wording is|wordings are", "suggestions"
