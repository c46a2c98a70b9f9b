"""Talking with the service, and what belongs to a conversation."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from app.api.callers import Using, awaited, left, streamed, within_rate
from app.api.errors import Problem
from app.api.openapi import events, problems
from app.api.schemas.public import ChatRequest, ChatResponse, ConversationBody, FeedbackRequest
from app.compose.services import Services
from app.memory.user_ids import GUESSABLE, User
from app.store.turns.conversations import ConversationNotFound, MessageNotFound
from app.turns import ChatEvents

router = APIRouter(responses=problems())
_NO_MEMORY = '299 - "user_id is ignored: this service keeps no long-term memory"'
_GUESSABLE = f'299 - "user_id is ignored. {GUESSABLE}"'
_NO_CONVERSATION = Problem(404, "not-found", "There is no such conversation.")
_NO_MESSAGE = Problem(404, "not-found", "There is no such message.")


@router.post(
    "/chat",
    response_model=ChatResponse,
    responses=events() | problems(403, 404, 413, 422, 429, 504),
    dependencies=[Depends(within_rate)],
)
async def chat(ask: ChatRequest, request: Request, services: Using) -> Response:
    """A `user_id` that can be guessed gets its answer without memory; one that is forged gets none."""
    user, warning = _user(ask, services)
    headers = {"Warning": warning} if warning else {}
    if ask.stream:
        return await streamed(services.turns.stream(ask, ChatEvents(), user=user), request, headers)
    response = await awaited(services.turns.start(ask, user=user), request)
    return left() if response is None else JSONResponse(response.model_dump(mode="json"), headers=headers)


def _user(ask: ChatRequest, services: Services) -> tuple[User | None, str]:
    """Whom to remember, and why nobody is. Raises a 403 `Problem`."""
    if ask.user_id is None:
        return None, ""
    if not services.memory.is_on:
        return None, _NO_MEMORY
    try:
        return services.memory.user(ask.user_id), ""
    except Problem as problem:
        if problem.status_code == 403:
            raise
        return None, _GUESSABLE


@router.get("/conversations/{conversation_id}", responses=problems(404))
def read_conversation(conversation_id: str, services: Using) -> ConversationBody:
    try:
        return ConversationBody.of(conversation_id, services.conversations.exchanges(conversation_id))
    except ConversationNotFound:
        raise _NO_CONVERSATION from None


@router.delete("/conversations/{conversation_id}", status_code=204, responses=problems(404))
def delete_conversation(conversation_id: str, services: Using) -> None:
    try:
        services.conversations.delete(conversation_id)
    except ConversationNotFound:
        raise _NO_CONVERSATION from None


@router.post(
    "/feedback",
    status_code=204,
    responses=problems(404, 413, 422, 429),
    dependencies=[Depends(within_rate)],
)
def give_feedback(feedback: FeedbackRequest, services: Using) -> None:
    try:
        services.conversations.rate(feedback.message_id, feedback.rating, feedback.comment)
    except MessageNotFound:
        raise _NO_MESSAGE from None
