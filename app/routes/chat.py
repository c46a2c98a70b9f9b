"""Talking with the service, and what belongs to a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.conversations import ConversationNotFound, MessageNotFound
from app.errors import Problem, request_id_of
from app.schemas import ChatRequest, ChatResponse, ConversationBody, FeedbackRequest
from app.services import Services, services_of
from app.sse import HEADERS, MEDIA_TYPE
from app.turns import result_of

router = APIRouter()
Using = Annotated[Services, Depends(services_of)]
_CLOSED = 499  # the caller left: nobody reads this, but the log does
_NO_MEMORY = '299 - "user_id is ignored: this service keeps no long-term memory yet"'
_NO_CONVERSATION = Problem(404, "not-found", "There is no such conversation.")
_NO_MESSAGE = Problem(404, "not-found", "There is no such message.")


async def within_rate(request: Request, services: Using) -> None:
    """Counts the request for its client. Raises a 429 `Problem`."""
    try:
        services.rate_limiter.take(request.client.host if request.client else "")
    except Problem:
        services.metrics.shed("rate-limited")
        raise


@router.post("/chat", response_model=ChatResponse, dependencies=[Depends(within_rate)])
async def chat(ask: ChatRequest, request: Request, services: Using) -> Response:
    headers = {"Warning": _NO_MEMORY} if ask.user_id is not None else {}
    if ask.stream:
        return await _streamed(ask, request, services, headers)
    turn = services.turns.start(ask, _unheard)
    if not await _while_connected(request, asyncio.wait({turn})):
        turn.cancel()
        return Response(status_code=_CLOSED)
    return JSONResponse(result_of(turn).model_dump(mode="json"), headers=headers)


async def _streamed(
    ask: ChatRequest, request: Request, services: Services, headers: dict[str, str]
) -> Response:
    stream = services.turns.stream(ask)
    first = asyncio.ensure_future(stream.first())
    if not await _while_connected(request, asyncio.wait({first})):
        first.cancel()
        stream.cancel()
        return Response(status_code=_CLOSED)
    frames = stream.frames(first.result(), request_id_of(request))
    return StreamingResponse(frames, headers={**HEADERS, **headers}, media_type=MEDIA_TYPE)


async def _unheard(_sentence: str) -> None:
    """Says nothing: a caller who does not stream reads the reply when it is whole."""


async def _while_connected(request: Request, work: Awaitable[Any]) -> bool:
    """Waits for `work`; False if the caller left before it was done."""
    done, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
        return done.done()
    finally:
        done.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


@router.get("/conversations/{conversation_id}")
def read_conversation(conversation_id: str, services: Using) -> ConversationBody:
    try:
        return ConversationBody.of(conversation_id, services.conversations.exchanges(conversation_id))
    except ConversationNotFound:
        raise _NO_CONVERSATION from None


@router.delete("/conversations/{conversation_id}", status_code=204)
def delete_conversation(conversation_id: str, services: Using) -> None:
    try:
        services.conversations.delete(conversation_id)
    except ConversationNotFound:
        raise _NO_CONVERSATION from None


@router.post("/feedback", status_code=204, dependencies=[Depends(within_rate)])
def give_feedback(feedback: FeedbackRequest, services: Using) -> None:
    try:
        services.conversations.rate(feedback.message_id, feedback.rating, feedback.comment)
    except MessageNotFound:
        raise _NO_MESSAGE from None
