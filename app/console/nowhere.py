"""What no view lies at."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.errors import Problem
from app.console.route import ConsoleRoute

router = APIRouter(prefix="/admin/ui", include_in_schema=False, route_class=ConsoleRoute)


@router.get("")
@router.get("/{path:path}")
async def nowhere(path: str = "") -> None:
    raise Problem(404, "not-found", "There is no such view.")
