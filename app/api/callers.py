"""What every route that runs a turn does for its caller: counts the request, and waits as long as he does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse

from app.api.errors import Problem, request_id_of
from app.api.sse import HEADERS, MEDIA_TYPE
from app.compose.services import Services, services_of
from app.turns import Stream, result_of

Using = Annotated[Services, Depends(services_of)]
_Result = TypeVar("_Result")
_CLOSED = 499  # the caller left: nobody reads this, but the log does


async def within_rate(request: Request, services: Using) -> None:
    """Counts the request for its client. Raises a 429 `Problem`."""
    charge(request, services, 1)


def charge(request: Request, services: Services, weight: int) -> None:
    """Counts what a request costs, in questions: a document to read costs about as much as one. Raises a 429
    `Problem`."""
    try:
        services.rate_limiter.take(client_of(request), weight)
    except Problem:
        services.metrics.shed("rate-limited")
        raise


def client_of(request: Request) -> str:
    """Whom limits count for."""
    return request.client.host if request.client else ""


async def awaited(turn: asyncio.Task[_Result], request: Request) -> _Result | None:
    """What a turn comes to; None if the caller leaves before, and the turn is cancelled. Raises its error."""
    if await _while_connected(request, asyncio.wait({turn})):
        return result_of(turn)
    turn.cancel()
    return None


async def streamed(stream: Stream, request: Request, headers: Mapping[str, str]) -> Response:
    """The events of a turn. Its failure before the first one is raised."""
    first = asyncio.ensure_future(stream.first())
    if not await _while_connected(request, asyncio.wait({first})):
        first.cancel()
        stream.cancel()
        return left()
    frames = stream.frames(first.result(), request_id_of(request))
    return StreamingResponse(frames, headers={**HEADERS, **headers}, media_type=MEDIA_TYPE)


def left() -> Response:
    """For a caller who is not there any more."""
    return Response(status_code=_CLOSED)


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
