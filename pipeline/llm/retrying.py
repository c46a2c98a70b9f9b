"""When to ask a server again, and how long to wait before."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pipeline.errors import ModelUnavailable

RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class AttemptFailed(ModelUnavailable):
    """One request failed. `again`: another one may succeed; `after_s`: not before so many seconds, as the
    server said."""

    def __init__(self, reason: str, *, again: bool, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.again = again
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double, each drawn between its half and its whole, so that clients that failed together do
    not come back together ("equal jitter", M. Brooker, "Exponential Backoff and Jitter", 2015)."""

    first_s: float = 0.25
    longest_s: float = 4.0
    draw: Callable[[], float] = random.random

    def pause_s(self, retry: int, error: AttemptFailed) -> float:
        """Seconds before retry number `retry`, from 0. What the server asks for is never undercut."""
        whole = min(self.first_s * 2.0**retry, self.longest_s)
        return max(whole * (0.5 + 0.5 * self.draw()), error.after_s or 0.0)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """What `Retry-After` asks for (RFC 9110, seconds or a date; `retry-after-ms` as OpenAI sends it)."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    try:
        asked = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    at = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
