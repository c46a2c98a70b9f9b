"""Days of traffic through the service that ships: nothing of one user reaches another."""

from __future__ import annotations

import pytest

from bench.traffic import measure

pytestmark = pytest.mark.slow


async def test_nothing_leaks_between_users_and_no_reply_is_said_thrice() -> None:
    found = await measure(6, 10, seed=3)
    assert found.turns == 60
    assert found.remembered >= 6
    assert found.faults == {}
