"""What `/openapi.json` says is what is served."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from app.api.routes.curation.entries import CSV, NDJSON, XLSX
from app.main import create_app
from pipeline.types import Outcome, Reply
from tests.fakes import ScriptedChat, services

NOTHING = Reply("I have no answer to that.", Outcome.NO_ANSWER)


@pytest.mark.slow
def test_every_call_keeps_to_its_description(tmp_path: Path) -> None:
    from tests.app.described_calls import failures_of

    app = create_app(services(tmp_path, ScriptedChat(NOTHING), rate_limit_per_minute=0))
    failures = failures_of(app)
    assert not failures, "\n\n".join(failures)


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
