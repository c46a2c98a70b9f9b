"""Server-sent events as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
HEARTBEAT = b": still working\n\n"


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    """One event of a name."""
    return f"event: {name}\n".encode("ascii") + data(payload)


def data(payload: Mapping[str, Any]) -> bytes:
    """One event. JSON escapes every line break, so it always fits on one `data:` line."""
    return f"data: {json.dumps(payload, ensure_ascii=True)}\n\n".encode("ascii")
