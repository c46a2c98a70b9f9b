"""Every error that leaves the service: RFC 9457 problem details, and never an exception's own text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from knowledge.documents.types import ConverterMissing, DocumentNotFound, DocumentUnreadable
from knowledge.errors import (
    ApprovalNeeded,
    BuildRunning,
    EntryChanged,
    EntryExists,
    EntryNotFound,
    ImportRejected,
    KnowledgeError,
    OwnChange,
    ReleaseNotFound,
    ReleaseRejected,
    ReleaseUnusable,
    TransitionRefused,
    VersionNotFound,
)
from pipeline.errors import PipelineError

MEDIA_TYPE = "application/problem+json"
OPENAI = "/v1/"
"""What lies below speaks as the OpenAI API does, in errors too, so that its clients raise their own."""
_OPENAI_KINDS = {"rate-limited": "rate_limit_exceeded"}
_RETRY_S = 5
_MAX_NAMED = 3
_log = logging.getLogger("candor.errors")
# Their messages are written for administrators; all others stay inside.
_SPEAKING: dict[type[KnowledgeError], tuple[int, str]] = {
    EntryNotFound: (404, "not-found"),
    ReleaseNotFound: (404, "not-found"),
    VersionNotFound: (404, "not-found"),
    EntryExists: (409, "entry-exists"),
    EntryChanged: (409, "entry-changed"),
    TransitionRefused: (409, "transition-refused"),
    ApprovalNeeded: (403, "forbidden"),
    OwnChange: (403, "four-eyes"),
    BuildRunning: (409, "reindex-running"),
    ReleaseUnusable: (409, "release-unusable"),
    ReleaseRejected: (409, "release-rejected"),
    ImportRejected: (422, "invalid"),
    DocumentUnreadable: (422, "unreadable-document"),
    DocumentNotFound: (404, "not-found"),
    ConverterMissing: (501, "converter-missing"),
}
_DETAILS = {
    400: "The request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "The request body is too large.",
}


class Problem(HTTPException):
    """An error as told to the caller: `kind` is a stable word for programs, `detail` a sentence for people,
    `param` the field that is wrong, `more` further members of the problem object."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.kind = kind
        self.param = param
        self.more = dict(more or {})

    def of_turn(self, message_id: str) -> Problem:
        """The same, naming the turn that it ended: what is kept of that can be looked up and deleted."""
        more = {**self.more, "message_id": message_id}
        return Problem(
            self.status_code, self.kind, self.detail, headers=self.headers, more=more, param=self.param
        )

    def body(self, request_id: str) -> dict[str, Any]:
        return {
            "type": f"urn:candor:problem:{self.kind}",
            "title": HTTPStatus(self.status_code).phrase,
            "status": self.status_code,
            "detail": self.detail,
            "request_id": request_id,
            **self.more,
        }

    def envelope(self) -> dict[str, Any]:
        """The same as the OpenAI API puts it."""
        type_ = "server_error" if self.status_code >= 500 else "invalid_request_error"
        kind = _OPENAI_KINDS.get(self.kind, self.kind).replace("-", "_")
        type_ = "rate_limit_error" if self.status_code == 429 else type_
        about = {"message": self.detail, "type": type_, "param": self.param, "code": kind}
        return {"error": about | {name: self.more[name] for name in ("message_id",) if name in self.more}}


def unavailable(detail: str, *, kind: str = "unavailable", retry_s: int = _RETRY_S) -> Problem:
    return Problem(503, kind, detail, headers={"Retry-After": str(retry_s)})


def out_of_reach() -> Problem:
    """For a database that does not answer."""
    return unavailable("The service cannot reach its data right now.", kind="storage")


def problem_of(error: BaseException) -> Problem:
    """What the caller may know of an error. What it does not tell is logged."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ClientDisconnect):
        return Problem(400, "disconnected", "The request ended before its body did.")
    if isinstance(error, RequestValidationError):
        return _invalid(error.errors())
    if isinstance(error, HTTPException):
        detail = _DETAILS.get(error.status_code, HTTPStatus(error.status_code).phrase + ".")
        return Problem(error.status_code, _kind(error.status_code), detail, headers=error.headers)
    if isinstance(error, KnowledgeError) and type(error) in _SPEAKING:
        more = {"errors": _lines(error)} if isinstance(error, ImportRejected) else {}
        return Problem(*_SPEAKING[type(error)], str(error), more=more)
    _log.error("%s", type(error).__name__, exc_info=error)
    if isinstance(error, PipelineError):
        return unavailable("The service cannot answer right now. Please try again in a moment.")
    if isinstance(error, KnowledgeError | SQLAlchemyError):
        return out_of_reach()
    return Problem(500, _kind(500), "Something went wrong on our side.")


def problem_response(request: Request, error: BaseException) -> JSONResponse:
    problem = problem_of(error)
    request_id = request_id_of(request)
    headers = {**(problem.headers or {}), "X-Request-ID": request_id}
    if request.url.path.startswith(OPENAI):
        status = 400 if problem.status_code == 422 else problem.status_code  # as that API has it
        return JSONResponse(problem.envelope(), status, headers)
    return JSONResponse(problem.body(request_id), problem.status_code, headers, MEDIA_TYPE)


def request_id_of(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def install_error_handlers(app: FastAPI, methods_of: Callable[[Request], Sequence[str]]) -> None:
    """Makes `app` answer every error as a problem, and OPTIONS with the methods of the address."""

    async def handle(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException) or error.status_code != 405:
            return problem_response(request, error)
        allow = {"Allow": ", ".join([*methods_of(request), "OPTIONS"])}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        return problem_response(request, HTTPException(405, headers=allow))

    known = (HTTPException, RequestValidationError, ClientDisconnect, SQLAlchemyError)
    for kind in (*known, PipelineError, KnowledgeError, Exception):
        app.add_exception_handler(kind, handle)


def _invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    if any(item["type"] == "json_invalid" for item in errors):
        return Problem(422, "invalid-json", "The body is not valid JSON.")
    named = "; ".join(f"{_field(item['loc'])}: {_message(item)}" for item in errors[:_MAX_NAMED])
    more = f"; and {len(errors) - _MAX_NAMED} more" if len(errors) > _MAX_NAMED else ""
    return Problem(422, "invalid", f"{named}{more}.", param=_field(errors[0]["loc"]))


def _field(location: Sequence[object]) -> str:
    """A field's path. A caller may name a field whatever he likes: cut it, and keep it encodable."""
    path = ".".join(str(part) for part in location[1:]) or str(location[0])
    return path[:80].encode("utf-8", "replace").decode()


def _message(item: Mapping[str, Any]) -> str:
    if item["type"] == "model_attributes_type":
        return "must be a JSON object" + (", sent as application/json" if len(item["loc"]) == 1 else "")
    return str(item["msg"]).removeprefix("Value error, ").rstrip(".")


def _lines(error: ImportRejected) -> list[dict[str, Any]]:
    return [{"line": item.line, "detail": item.detail} for item in error.errors]


def _kind(status: int) -> str:
    # From the member's name: phrases change between Python versions, and `type` is part of the contract.
    return HTTPStatus(status).name.lower().replace("_", "-")
