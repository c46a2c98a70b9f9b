"""A scripted server for the fine-tuning half of the OpenAI API, over real HTTP on the loopback interface.

    with serving_fine_tuning() as server:
        ...  # server.url; server.files, server.jobs: what was uploaded and created

A job takes the next of `course` each time it is read; its events are those of the states it has been in.
`faults` come first, one a request: `server.faults.append(fails(503))`."""

from __future__ import annotations

import email.policy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from tests.loopback import on_loopback
from tests.openai_server import Behaviour

SUCCEEDS = ("validating_files", "queued", "running", "running", "succeeded")
FAILS = ("validating_files", "failed")
_OVER = {"succeeded", "failed", "cancelled"}
_BASE_MODEL = "gpt-4.1-mini-2025-04-14"


@dataclass(slots=True)
class StoredFile:
    id: str
    name: str
    purpose: str
    content: bytes

    @property
    def samples(self) -> list[dict[str, Any]]:
        """The lines of a JSONL file."""
        return [json.loads(line) for line in self.content.decode().splitlines() if line]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": 1,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


@dataclass(slots=True)
class Job:
    """`asked` is the body of the request that created it."""

    id: str
    asked: dict[str, Any]
    course: list[str]
    status: str = "validating_files"
    events: list[dict[str, Any]] = field(default_factory=list)

    def advance(self) -> None:
        if self.status not in _OVER and self.course:
            self.enter(self.course.pop(0))

    def enter(self, status: str) -> None:
        self.status = status
        if status == "running":
            step = sum(event["type"] == "metrics" for event in self.events) + 1
            self._tell(f"Step {step}: training loss={1 / step:.2f}", {"step": step, "train_loss": 1 / step})
        else:
            self._tell(f"Job is {status}")

    def _tell(self, message: str, data: dict[str, Any] | None = None) -> None:
        self.events.append(
            {
                "id": f"ftevent-{self.id}-{len(self.events)}",
                "object": "fine_tuning.job.event",
                "created_at": len(self.events) + 1,
                "level": "error" if self.status == "failed" else "info",
                "message": message,
                "type": "metrics" if data else "message",
                "data": data or {},
            }
        )

    def as_json(self) -> dict[str, Any]:
        suffix, model = self.asked.get("suffix") or "", self.asked.get("model", _BASE_MODEL)
        error = {"code": "invalid_training_file", "message": "line 1 is wrong", "param": "training_file"}
        return {
            "id": self.id,
            "object": "fine_tuning.job",
            "created_at": 1,
            "finished_at": 2 if self.status in _OVER else None,
            "model": model,
            "fine_tuned_model": f"ft:{model}:org:{suffix}:1" if self.status == "succeeded" else None,
            "organization_id": "org-1",
            "status": self.status,
            "training_file": self.asked["training_file"],
            "validation_file": self.asked.get("validation_file"),
            "hyperparameters": self.asked.get("hyperparameters") or {"n_epochs": "auto"},
            "method": self.asked.get("method"),
            "result_files": ["file-result"] if self.status == "succeeded" else [],
            "trained_tokens": 1234 if self.status == "succeeded" else None,
            "error": error if self.status == "failed" else None,
            "seed": self.asked.get("seed") or 1,
        }


@dataclass(slots=True)
class FineTuningServer:
    course: Sequence[str] = SUCCEEDS
    key: str | None = None
    url: str = ""
    files: dict[str, StoredFile] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    faults: list[Behaviour] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def upload(self, content_type: str, body: bytes) -> StoredFile:
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        message = message_from_bytes(head + body, policy=email.policy.HTTP)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
        content = parts["file"].get_payload(decode=True)
        purpose = parts["purpose"].get_payload(decode=True)
        assert isinstance(content, bytes) and isinstance(purpose, bytes)
        name = parts["file"].get_filename() or ""
        stored = StoredFile(f"file-{len(self.files) + 1}", name, purpose.decode().strip(), content)
        self.files[stored.id] = stored
        return stored

    def create(self, asked: dict[str, Any]) -> Job:
        for name in ("training_file", "validation_file"):
            if (given := asked.get(name)) is not None and given not in self.files:
                raise HTTPException(400, f"{name}: no such file: {given}")
        if "training_file" not in asked or "model" not in asked:
            raise HTTPException(400, "model and training_file are required")
        job = Job(f"ftjob-{len(self.jobs) + 1}", asked, [*self.course][1:])
        job.enter(self.course[0])
        self.jobs[job.id] = job
        return job

    def job(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise HTTPException(404, f"no such job: {job_id}")
        return self.jobs[job_id]


def _page(items: Sequence[dict[str, Any]], after: str | None, limit: int) -> dict[str, Any]:
    """Newest first, as OpenAI lists them."""
    newest = list(reversed(items))
    start = next((at + 1 for at, item in enumerate(newest) if item["id"] == after), 0)
    return {
        "object": "list",
        "data": newest[start : start + limit],
        "has_more": start + limit < len(newest),
    }


def _app(server: FineTuningServer) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:  # noqa: ANN401
        server.requests.append(f"{request.method} {request.url.path}")
        if server.key is not None and request.headers.get("authorization") != f"Bearer {server.key}":
            return _error(401, "Incorrect API key provided")
        if server.faults:
            fault = server.faults.pop(0)
            return Response(fault.body, fault.status, dict(fault.headers), "application/json")
        response: Response = await call_next(request)
        return response

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        return _error(error.status_code, str(error.detail))

    _add_files(app, server)
    _add_jobs(app, server)
    return app


def _add_files(app: FastAPI, server: FineTuningServer) -> None:
    def stored(file_id: str) -> StoredFile:
        if file_id not in server.files:
            raise HTTPException(404, f"no such file: {file_id}")
        return server.files[file_id]

    @app.post("/v1/files")
    async def upload(request: Request) -> dict[str, Any]:
        return server.upload(request.headers["content-type"], await request.body()).as_json()

    @app.get("/v1/files")
    async def list_files() -> dict[str, Any]:
        return {"object": "list", "data": [item.as_json() for item in server.files.values()]}

    @app.get("/v1/files/{file_id}")
    async def read_file(file_id: str) -> dict[str, Any]:
        return stored(file_id).as_json()

    @app.get("/v1/files/{file_id}/content")
    async def read_content(file_id: str) -> Response:
        return Response(stored(file_id).content, media_type="application/octet-stream")

    @app.delete("/v1/files/{file_id}")
    async def delete_file(file_id: str) -> dict[str, Any]:
        return {"id": server.files.pop(stored(file_id).id).id, "object": "file", "deleted": True}


def _add_jobs(app: FastAPI, server: FineTuningServer) -> None:
    @app.post("/v1/fine_tuning/jobs")
    async def create_job(request: Request) -> dict[str, Any]:
        return server.create(await request.json()).as_json()

    @app.get("/v1/fine_tuning/jobs")
    async def list_jobs(after: str | None = None, limit: int = 20) -> dict[str, Any]:
        return _page([job.as_json() for job in server.jobs.values()], after, limit)

    @app.get("/v1/fine_tuning/jobs/{job_id}")
    async def read_job(job_id: str) -> dict[str, Any]:
        job = server.job(job_id)
        job.advance()
        return job.as_json()

    @app.post("/v1/fine_tuning/jobs/{job_id}/cancel")
    async def cancel_job(job_id: str) -> dict[str, Any]:
        job = server.job(job_id)
        if job.status in _OVER:
            raise HTTPException(400, f"the job has {job.status} already")
        job.enter("cancelled")
        return job.as_json()

    @app.get("/v1/fine_tuning/jobs/{job_id}/events")
    async def list_events(job_id: str, after: str | None = None, limit: int = 20) -> dict[str, Any]:
        return _page(server.job(job_id).events, after, limit)


def _error(status: int, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": error}, status)


@contextmanager
def serving_fine_tuning(
    course: Sequence[str] = SUCCEEDS, key: str | None = None
) -> Iterator[FineTuningServer]:
    """The server on a free port; `url` is its base URL, with /v1."""
    server = FineTuningServer(course, key)
    with on_loopback(_app(server), lifespan="off") as address:
        server.url = f"{address}/v1"
        yield server
