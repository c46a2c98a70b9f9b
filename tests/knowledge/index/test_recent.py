"""What was worked out last is kept, and no more than that."""

from __future__ import annotations

import pytest

from knowledge.index.recent import Recent


def test_the_last_few_are_kept() -> None:
    recent, worked = Recent[str, str](2), list[str]()

    def upper(key: str) -> str:
        worked.append(key)
        return key.upper()

    def ask(key: str) -> str:
        return recent.get(key, lambda: upper(key))

    assert [ask(key) for key in ("a", "b", "a", "c", "a", "b")] == ["A", "B", "A", "C", "A", "B"]
    assert worked == ["a", "b", "c", "b"]  # "b" was asked for longest ago when "c" came


def test_a_failure_is_not_kept() -> None:
    recent = Recent[str, int](2)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.get("a", lambda: 1) == 1
