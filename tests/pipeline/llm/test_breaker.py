from __future__ import annotations

import pytest

from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm.breaker import BreakerState, CircuitBreaker, CircuitOpen


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(failures=2, rest_s=10.0, clock=clock)


def state(breaker: CircuitBreaker) -> BreakerState:
    return breaker.state


def attempt(breaker: CircuitBreaker, error: BaseException | None = None) -> None:
    with breaker.attempt():
        if error is not None:
            raise error


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ModelUnavailable):
            attempt(breaker, ModelUnavailable("down"))


def test_only_failures_in_a_row_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker)
    attempt(breaker)
    fail(breaker)
    with pytest.raises(ModelOutputError):
        attempt(breaker, ModelOutputError("nonsense is an answer"))
    fail(breaker)
    assert state(breaker) is BreakerState.CLOSED
    fail(breaker)
    with pytest.raises(CircuitOpen):
        attempt(breaker)


def test_half_open_lets_one_trial_through(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 2)
    clock.now = 9.9
    assert state(breaker) is BreakerState.OPEN
    clock.now = 10.0
    with breaker.attempt(), pytest.raises(CircuitOpen):
        attempt(breaker)
    assert state(breaker) is BreakerState.CLOSED


def test_a_trial_that_fails_opens_it_for_as_long_again(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 2)
    clock.now = 15.0
    fail(breaker)
    clock.now = 24.9
    assert state(breaker) is BreakerState.OPEN
    clock.now = 25.0
    assert state(breaker) is BreakerState.HALF_OPEN


def test_a_trial_that_is_given_up_tells_nothing(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 2)
    clock.now = 10.0
    with pytest.raises(KeyboardInterrupt):
        attempt(breaker, KeyboardInterrupt())
    assert state(breaker) is BreakerState.HALF_OPEN
    attempt(breaker)
    assert state(breaker) is BreakerState.CLOSED


def test_opening_and_closing_are_told(clock: Clock) -> None:
    told: list[tuple[BreakerState, str]] = []
    breaker = CircuitBreaker(1, 10.0, clock, lambda state, reason: told.append((state, reason)))
    attempt(breaker)
    fail(breaker)
    clock.now = 10.0
    attempt(breaker)
    attempt(breaker)
    assert told == [(BreakerState.OPEN, "down"), (BreakerState.CLOSED, "")]
