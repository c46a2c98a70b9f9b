"""Calls made of what `/openapi.json` says, by schemathesis; apart, as its import takes a second."""

from __future__ import annotations

from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.pytest.lazy import get_all_tests

from tests.app.api.test_admin import BEARER

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


def failures_of(app: FastAPI) -> list[str]:
    """Each call with what its description allows and forbids, in all the ways that schemathesis checks."""
    load_all_checks()
    described = schemathesis.openapi.from_asgi("/openapi.json", app, config=CONFIG)
    failures = []
    for found in get_all_tests(schema=described, test_func=_keeps, settings=BOUNDED, given_kwargs=None):
        assert isinstance(found, Ok), found
        operation, test = found.ok()
        try:
            test()
        except (FailureGroup, Failure, ExceptionGroup) as failure:
            failures.append(f"{operation.label}: {_told(failure)}")
    return failures


def _keeps(case: Any) -> None:  # noqa: ANN401  # schemathesis' own
    checks = [
        check for check in CHECKS.get_all() if check.__name__ not in EXCEPT.get(case.operation.label, ())
    ]
    case.call_and_validate(headers=BEARER if case.path.startswith("/admin") else {}, checks=checks)


def _told(failure: BaseException) -> str:
    inner = getattr(failure, "exceptions", ())
    return "\n".join(map(_told, inner)) if inner else str(failure)
