"""Talking with the service, and what belongs to a conversation."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from app.api.callers import Using, awaited, left, streamed, within_rate
from app.api.errors import Problem
from app.api.openapi import events, problems
from app.api.schemas.public import ChatRequest, ChatResponse, ConversationBody, FeedbackRequest
from app.store.conversations import ConversationNotFound, MessageNotFound
from app.turns import ChatEvents

router = APIRouter(responses=problems())
_NO_MEMORY = '299 - "user_id is ignored: this service keeps no long-term memory yet"'
_NO_CONVERSATION = Problem(404, "not-found", "There is no such conversation.")
_NO_MESSAGE = Problem(404, "not-found", "There is no such message.")


@router.post(
    "/chat",
    response_model=ChatResponse,
    responses=events() | problems(404, 413, 422, 429, 504),
    dependencies=[Depends(within_rate)],
)
async def chat(ask: ChatRequest, request: Request, services: Using) -> Response:
    headers = {"Warning": _NO_MEMORY} if ask.user_id is not None else {}
    if ask.stream:
        return await streamed(services.turns.stream(ask, ChatEvents()), request, headers)
    response = await awaited(services.turns.start(ask), request)
    return left() if response is None else JSONResponse(response.model_dump(mode="json"), headers=headers)


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
