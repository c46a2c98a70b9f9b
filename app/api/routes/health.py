"""For whoever keeps the service running."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.api.callers import Using
from app.api.errors import unavailable
from app.api.openapi import problems
from app.metrics import CONTENT_TYPE
from app.version import VERSION

router = APIRouter(responses=problems())


class _Metrics(Response):
    media_type = CONTENT_TYPE


@router.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "live"}


@router.get("/health/ready")
async def ready(services: Using) -> dict[str, str | None]:
    """503 until an active release is loaded. A language model that does not answer is told, and no reason not
    to be ready: the specialists do its work."""
    if not services.releases.ready:
        raise unavailable(f"The service is not ready: {services.releases.state}.", kind="not-ready")
    llm = services.llm.status if services.llm else None
    return {"status": "ready", "release_id": services.live.release_id, "language_model": llm}


@router.get("/version")
async def read_version(services: Using) -> dict[str, str | None]:
    return {"name": "candor", "version": VERSION, "release_id": services.live.release_id}


@router.get("/metrics", response_class=_Metrics)
async def metrics(services: Using) -> Response:
    return _Metrics(services.metrics.text())
