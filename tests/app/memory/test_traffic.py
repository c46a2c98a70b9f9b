"""Days of traffic through the service that ships: nothing of one user reaches another."""

from __future__ import annotations

import pytest

from bench.traffic import Findings, Told, User, look_into_replies, measure


def test_what_another_one_said_is_found_wherever_it_is() -> None:
    one, other = User("a", ("zevudo",), []), User("b", ("mikalo",), [])
    one.told = [Told("hi", "You told me of a Mikalo allergy.", house=False, body="… Mikalo …")] * 3
    found = Findings()
    look_into_replies(one, [one, other], found)
    assert found.faults == {"reply": ["mikalo in 'You told me of a Mikalo allergy.'"] * 3}
    other.told = [Told("hi", "Nobody wrote this.", house=True, body='{"suggestions": []}')] * 3
    look_into_replies(other, [one, other], found)
    assert found.faults["alike"] and found.faults["voice"] == ["Nobody wrote this."] * 3


@pytest.mark.slow
async def test_nothing_leaks_between_users_and_no_reply_is_said_thrice() -> None:
    found = await measure(6, 10, seed=3)
    assert found.turns == 60
    assert found.remembered >= 6
    assert found.faults == {}
