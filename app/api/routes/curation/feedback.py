"""What users thought of replies, and what their choices and ratings suggest."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.admission import Acting, AdminRoute, needs
from app.api.callers import Using
from app.api.errors import Problem
from app.api.openapi import problems
from app.api.schemas.admin import Limit, Name, Offset
from app.api.schemas.asking import Asking
from app.api.schemas.curation import FeedbackBody, FeedbackPageBody, SuggestionBody, SuggestionPageBody
from app.api.schemas.entries import EntryBody
from app.api.versions import writing_of
from app.compose.services import Services
from app.curation.entry_making import reworded
from app.curation.feedback import feedback_page
from app.curation.suggestions import Decision, Suggestion, SuggestionNotFound
from app.store.curators import Role
from knowledge.importing.records import record_of

router = APIRouter(prefix="/admin", route_class=AdminRoute, responses=problems(401, 403, 429))


@router.get("/feedback", responses=problems(422))
def list_feedback(services: Using, wanted: Asking, offset: Offset = 0, limit: Limit = 50) -> FeedbackPageBody:
    """Ratings with what was asked and said, the newest first. All filters given have to hold: `entry` is
    cited by the reply, `release` is the one that was asked, `text` stands in message, reply or comment."""
    page = feedback_page(services.engine, wanted, offset=offset, limit=limit)
    items = [FeedbackBody(**item) for item in page.items]
    return FeedbackPageBody(items=items, total=page.total, offset=offset, limit=limit)


@router.get("/suggestions", responses=problems(422))
def list_suggestions(
    services: Using, entry_id: Name = None, offset: Offset = 0, limit: Limit = 50
) -> SuggestionPageBody:
    """Wordings after which users chose an entry, or rated its answer up, and which it does not have yet."""
    found = services.suggestions.open(entry_id)
    items = [SuggestionBody.of(each) for each in found[offset : offset + limit]]
    return SuggestionPageBody(items=items, total=len(found), offset=offset, limit=limit)


@router.post(
    "/suggestions/{suggestion_id}/accept", dependencies=[needs(Role.EDITOR)], responses=problems(404, 409)
)
def accept_suggestion(suggestion_id: str, services: Using, acting: Acting) -> EntryBody:
    """Makes it an alternate of its entry, which is given."""
    found = suggestion_of(services, suggestion_id)
    by = writing_of(services, acting)
    entry, is_new = reworded(services.entries, found.entry.id, [found.text], by)
    if not is_new:
        raise Problem(409, "entry-full", "The entry has as many alternates as it can hold.")
    services.suggestions.decide(found, Decision.ACCEPTED, acting.name)
    services.audit.record(acting, "suggestion.accepted", found.id, {"entry_id": entry.id})
    return record_of(entry)


@router.post(
    "/suggestions/{suggestion_id}/dismiss",
    dependencies=[needs(Role.EDITOR)],
    status_code=204,
    responses=problems(404),
)
def dismiss_suggestion(suggestion_id: str, services: Using, acting: Acting) -> None:
    """It is not suggested again for this entry."""
    found = suggestion_of(services, suggestion_id)
    services.suggestions.decide(found, Decision.DISMISSED, acting.name)
    services.audit.record(acting, "suggestion.dismissed", found.id, {"entry_id": found.entry.id})


def suggestion_of(services: Services, suggestion_id: str) -> Suggestion:
    """Raises a 404 `Problem`."""
    try:
        return services.suggestions.get(suggestion_id)
    except SuggestionNotFound:
        raise Problem(404, "not-found", "There is no such suggestion.") from None
