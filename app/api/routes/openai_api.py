"""What speaks as the OpenAI API does, so that its clients can talk with Candor. Any API key is taken."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from app.api.callers import Using, awaited, left, streamed, within_rate
from app.api.completions import Completion
from app.api.errors import Problem
from app.api.openapi import api_errors, events
from app.api.schemas.completions import MODEL, CompletionRequest

router = APIRouter(prefix="/v1", responses=api_errors())
_SINCE = 1_795_651_200  # 2026-11-26, the day this API began: clients insist on a date


@router.post(
    "/chat/completions",
    responses=events() | api_errors(404, 413, 429, 504),
    dependencies=[Depends(within_rate)],
)
async def complete(ask: CompletionRequest, request: Request, services: Using) -> Response:
    must_be_known(ask.model)
    completion = Completion(uuid4().hex, ask)
    chat = ask.as_chat()
    if ask.stream:
        return await streamed(services.turns.stream(chat, completion, completion.message_id), request, {})
    response = await awaited(services.turns.start(chat, completion.message_id), request)
    return left() if response is None else JSONResponse(completion.whole(response))


@router.get("/models")
def models() -> dict[str, Any]:
    return {"object": "list", "data": [_MODEL]}


@router.get("/models/{model}", responses=api_errors(404))
def model(model: str) -> dict[str, Any]:
    must_be_known(model)
    return _MODEL


def must_be_known(model: str, param: str = "model") -> None:
    """Raises a 404 `Problem` for any model but ours: a caller who wants another one must not get this one's
    answers unawares."""
    if model != MODEL:
        detail = f"There is no such model here. The only one is {MODEL}."
        raise Problem(404, "model-not-found", detail, param=param)


_MODEL = {"id": MODEL, "object": "model", "created": _SINCE, "owned_by": MODEL}
