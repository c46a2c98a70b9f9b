"""What `/openapi.json` says beyond the routes' own types: how each call may fail."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.errors import MEDIA_TYPE, OPENAI
from app.api.sse import MEDIA_TYPE as EVENTS

_Responses = dict[int | str, dict[str, Any]]
_EVERYWHERE = (400, 405, 503)
_LIMITED = (429, 503)  # answers that say when to come back
_TEXT = {"type": "string"}
_PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457. `type` is a stable word for programs, `detail` a sentence for people.",
    "type": "object",
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "request_id"), _TEXT),
        "status": {"type": "integer"},
        "errors": {
            "description": "What is wrong in an import, line by line.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"line": {"type": "integer"}, "detail": _TEXT},
                "required": ["line", "detail"],
            },
        },
        "message_id": {"description": "The turn that failed.", **_TEXT},
        "job_id": {"description": "The reindex that runs already.", **_TEXT},
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}
_API_ERROR = {
    "title": "ApiError",
    "description": "An error as the OpenAI API tells it.",
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                **dict.fromkeys(("message", "type", "code"), _TEXT),
                "param": {"anyOf": [_TEXT, {"type": "null"}]},
            },
            "required": ["message", "type", "param", "code"],
        }
    },
    "required": ["error"],
}
_BEARER = {"type": "http", "scheme": "bearer", "description": "CANDOR_ADMIN_TOKEN"}


def events() -> _Responses:
    """The other form of a reply: server-sent events."""
    told = {"type": "object", "properties": {"event": _TEXT, "data": _TEXT}, "required": ["data"]}
    return {200: {"content": {EVENTS: {"schema": told}}}}


def problems(*statuses: int) -> _Responses:
    """The responses of a call that may fail with `statuses`, besides those of every call."""
    return {status: _failure(status, MEDIA_TYPE, "Problem") for status in {*statuses, *_EVERYWHERE}}


def api_errors(*statuses: int) -> _Responses:
    """The same below `/v1/`, where an invalid request is a 400."""
    return {status: _failure(status, "application/json", "ApiError") for status in {*statuses, *_EVERYWHERE}}


def describe(app: FastAPI) -> None:
    """Completes the description of `app`, once it is asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            _complete(told)
            app.openapi_schema = told
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def _complete(told: dict[str, Any]) -> None:
    parts = told["components"]
    parts["schemas"] |= {"Problem": _PROBLEM, "ApiError": _API_ERROR}
    for name in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(name, None)
    parts["securitySchemes"] = {"adminToken": _BEARER}
    for path, calls in told["paths"].items():
        for call in calls.values():
            if path.startswith("/admin"):
                call.setdefault("security", [{"adminToken": []}])
            if path.startswith(OPENAI):
                call["responses"].pop("422", None)
            elif "422" in call["responses"]:
                call["responses"]["422"] = _failure(422, MEDIA_TYPE, "Problem")
            call["responses"] = dict(sorted(call["responses"].items()))


def _failure(status: int, media_type: str, schema: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    headers: Mapping[str, Any] = {}
    if status in _LIMITED:
        headers = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
    if status == 401:
        headers = {"WWW-Authenticate": {"schema": _TEXT}}
    if status == 405:
        headers = {"Allow": {"description": "The methods of the address.", "schema": _TEXT}}
    more = {"headers": headers} if headers else {}
    return {"description": HTTPStatus(status).phrase, "content": content, **more}
