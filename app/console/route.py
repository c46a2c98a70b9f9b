"""The console's kind of route: for who has signed in, and with errors as pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from app.api.admission import require, role_of
from app.api.errors import problem_of
from app.compose.services import services_of
from app.console.pages import view
from app.console.session import SIGN_IN, Visitor, check_form, visitor_of
from app.store.curators import Role
from knowledge.types import KnowledgeError
from pipeline.errors import PipelineError

_SAFE = {"GET", "HEAD"}
_TOLD = (HTTPException, RequestValidationError, SQLAlchemyError, KnowledgeError, PipelineError)


class ConsoleRoute(APIRoute):
    """A view for who has signed in, or what a form of such a view does. Others are led to the sign-in page,
    from which they come back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, role = super().get_route_handler(), role_of(self)

        async def for_visitors(request: Request) -> Response:
            visitor = None
            try:
                visitor = await visitor_of(request, await services_of(request))
                if visitor is None:
                    return RedirectResponse(f"{SIGN_IN}?back={quote(_here(request))}", 303)
                return await _seen(request, visitor, role, handle)
            except _TOLD as error:
                problem = problem_of(error)
                shown = {"title": problem.body("")["title"], "detail": problem.detail, "more": problem.more}
                return view(request, visitor, "problem.html", shown, problem.status_code)
            finally:
                await request.close()  # what was uploaded lies in a file meanwhile

        return for_visitors


async def _seen(
    request: Request,
    visitor: Visitor,
    role: Role,
    handle: Callable[[Request], Coroutine[Any, Any, Response]],
) -> Response:
    require(visitor.curator, role)
    if request.method not in _SAFE:
        await check_form(request, visitor.csrf)
    request.state.visitor, request.state.curator = visitor, visitor.curator
    return await handle(request)


def _here(request: Request) -> str:
    if request.method not in _SAFE:
        return "/admin"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
