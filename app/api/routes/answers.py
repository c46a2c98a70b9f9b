"""POST /v1/answers."""

from __future__ import annotations

from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from app.api.callers import Using, awaited, charge, left, within_rate
from app.api.openapi import api_errors
from app.api.routes.openai_api import must_be_known
from app.api.schemas.answers import AnswerRequest, AnswerResponse

router = APIRouter(prefix="/v1", responses=api_errors())


@router.post(
    "/answers",
    response_model=AnswerResponse,
    responses=api_errors(404, 413, 429, 504),
    dependencies=[Depends(within_rate)],
)
async def answer(ask: AnswerRequest, request: Request, services: Using) -> Response:
    must_be_known(ask.model)
    must_be_known(ask.search_model, "search_model")
    charge(request, services, ask.documents_read)
    message_id, places = uuid4().hex, services.document_places if ask.documents else None
    turn = services.turns.begin(
        lambda budget: services.answering.answer(ask, message_id, budget), message_id, places
    )
    response = await awaited(turn, request)
    return left() if response is None else JSONResponse(response.model_dump(mode="json"))
