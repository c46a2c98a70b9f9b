"""A circuit breaker: a model that keeps failing is left alone for a while (Nygard, "Release It!", 2007)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from pipeline.errors import ModelOutputError, ModelUnavailable

Clock = Callable[[], float]
"""Seconds that never run backwards."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class CircuitOpen(ModelUnavailable):
    """The model failed too often and is not asked for now."""


class CircuitBreaker:
    """Opens after `failures` failures in a row; `rest_s` seconds later it is half open, and lets one trial
    at a time through. A trial that succeeds closes it, one that fails opens it for as long again. `tell`
    hears of each opening, with the reason of the last failure, and of each closing."""

    def __init__(
        self,
        failures: int = 5,
        rest_s: float = 15.0,
        clock: Clock = time.monotonic,
        tell: Callable[[BreakerState, str], None] = lambda state, reason: None,
    ) -> None:
        self._limit = failures
        self._rest_s = rest_s
        self._clock = clock
        self._tell = tell
        self._failures = 0
        self._opened_at: float | None = None
        self._on_trial = False

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        rested = self._clock() - self._opened_at >= self._rest_s
        return BreakerState.HALF_OPEN if rested else BreakerState.OPEN

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around one request. Raises `CircuitOpen` in place of making it. `ModelUnavailable` from within
        counts as a failure; an answer that cannot be used is an answer; a cancelled request tells nothing."""
        state = self.state
        if state is BreakerState.OPEN or (state is BreakerState.HALF_OPEN and self._on_trial):
            raise CircuitOpen("the model failed too often, and rests")
        on_trial = self._on_trial = state is BreakerState.HALF_OPEN
        try:
            yield
        except ModelUnavailable as error:
            self.failed(str(error))
            raise
        except ModelOutputError:
            self._succeeded()
            raise
        else:
            self._succeeded()
        finally:
            if on_trial:
                self._on_trial = False

    def failed(self, reason: str) -> None:
        """For a failure after an attempt that began well: a stream that broke off."""
        self._failures += 1
        if self._opened_at is not None or self._failures >= self._limit:
            self._opened_at = self._clock()
            self._tell(BreakerState.OPEN, reason)

    def _succeeded(self) -> None:
        if self._opened_at is not None:
            self._tell(BreakerState.CLOSED, "")
        self._failures = 0
        self._opened_at = None
