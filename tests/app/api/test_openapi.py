"""What `/openapi.json` says is what is served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.pytest.lazy import get_all_tests

from app.api.routes.curation.entries import CSV, NDJSON, XLSX
from app.main import create_app
from pipeline.types import Outcome, Reply
from tests.app.api.test_admin import BEARER
from tests.fakes import ScriptedChat, services

NOTHING = Reply("I have no answer to that.", Outcome.NO_ANSWER)
EXCEPT = {
    # where a schema cannot say all: that messages end with a user's, that two ids are the same, or that
    # a text of control characters alone is none; or what is right for a question
    "POST /chat": "positive_data_acceptance",
    "POST /v1/answers": "positive_data_acceptance",
    "POST /v1/chat/completions": "positive_data_acceptance",
    "POST /admin/entries": "positive_data_acceptance",  # a translation needs its language
    "PUT /admin/entries/{entry_id}": "positive_data_acceptance",
    "POST /admin/entries/import": "positive_data_acceptance",
    "GET /users/{user_id}/memory": "positive_data_acceptance",  # who guesses an id is told so
    "DELETE /users/{user_id}/memory/{item_id}": "positive_data_acceptance",
    "DELETE /users/{user_id}": "positive_data_acceptance",
    "POST /admin/gold": "positive_data_acceptance",
    "PUT /admin/gold/{gold_id}": "positive_data_acceptance",
    "POST /admin/turns/{message_id}/gold": "positive_data_acceptance",
    "POST /admin/releases/{release_id}/activate": "positive_data_acceptance",
    "POST /admin/releases/{release_id}/ask": "positive_data_acceptance",
    "POST /admin/documents": "positive_data_acceptance",
}
BOUNDED = settings(
    max_examples=8, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
CONFIG = schemathesis.Config.from_dict(
    {"generation": {"codec": "ascii"}, "warnings": False}  # what is seen of other text is cleaned first
)


@pytest.mark.slow
def test_every_call_keeps_to_its_description(tmp_path: Path) -> None:
    """Each call with what its description allows and forbids, in all the ways that schemathesis checks."""
    load_all_checks()
    app = create_app(services(tmp_path, ScriptedChat(NOTHING), rate_limit_per_minute=0))
    described = schemathesis.openapi.from_asgi("/openapi.json", app, config=CONFIG)
    failures = []
    for found in get_all_tests(schema=described, test_func=_keeps, settings=BOUNDED, given_kwargs=None):
        assert isinstance(found, Ok), found
        operation, test = found.ok()
        try:
            test()
        except (FailureGroup, Failure, ExceptionGroup) as failure:
            failures.append(f"{operation.label}: {_told(failure)}")
    assert not failures, "\n\n".join(failures)


def _keeps(case: Any) -> None:  # noqa: ANN401  # schemathesis' own
    checks = [
        check for check in CHECKS.get_all() if check.__name__ not in EXCEPT.get(case.operation.label, ())
    ]
    case.call_and_validate(headers=BEARER if case.path.startswith("/admin") else {}, checks=checks)


def _told(failure: BaseException) -> str:
    inner = getattr(failure, "exceptions", ())
    return "\n".join(map(_told, inner)) if inner else str(failure)


async def test_errors_are_described_as_problems(client: httpx.AsyncClient) -> None:
    told = (await client.get("/openapi.json")).json()
    failures = told["paths"]["/chat"]["post"]["responses"]
    assert {"400", "404", "413", "422", "429", "503", "504"} <= failures.keys()
    for status in ("404", "422", "503"):
        assert list(failures[status]["content"]) == ["application/problem+json"]
    assert list(told["paths"]["/v1/answers"]["post"]["responses"]["404"]["content"]) == ["application/json"]
    for path, calls in told["paths"].items():
        for method, call in calls.items():
            guarded = {"401", "403"} <= call["responses"].keys() and call.get("security")
            signs_in = (path, method) == ("/admin/session", "post")
            assert bool(guarded) is (path.startswith("/admin") and not signs_in)
    imported = told["paths"]["/admin/entries/import"]["post"]
    assert set(imported["requestBody"]["content"]) == {NDJSON, CSV, XLSX}
    assert {"413", "415", "422"} <= imported["responses"].keys()
    assert "HTTPValidationError" not in json.dumps(told)
