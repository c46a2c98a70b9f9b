"""Curators, keys, and an entry's way on the command line."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.commands import Run

pytestmark = pytest.mark.process

ENTRY = {"id": "one", "question": "What is one?", "answer": "One is a number."}


def test_an_entry_is_due_changed_and_brought_back(run: Run, tmp_path: Path) -> None:
    today = date.today()
    days = {"valid_until": str(today + timedelta(days=29)), "review_by": str(today)}
    far = {"valid_until": str(today + timedelta(days=31)), "review_by": str(today + timedelta(days=1))}
    gone = {"valid_until": str(today - timedelta(days=1))}
    records = [ENTRY | days, ENTRY | far | {"id": "far"}, ENTRY | gone | {"id": "gone"}]
    file = tmp_path / "kb.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    run("import", file)
    assert [line.partition(": What")[0] for line in run("entries", "expiring").out.splitlines()] == [
        f"expired: {gone['valid_until']} gone",
        f"expires within 30 days: {days['valid_until']} one",
        f"review is due: {today} one",
    ]
    assert (
        run("entries", "status", "one", "retired", "--comment", "old").out == "one is retired, version 2.\n"
    )
    refused = run("entries", "status", "one", "approved")
    assert refused.status == 1 and "can become draft or in_review" in refused.err
    history = run("entries", "history", "one").out
    assert "retired by command-line “old”" in history and "- approved\n" in history
    assert "approved" in run("entries", "revert", "one", "1").out
    assert run("entries", "history", "none").status == 1


def test_users_and_keys(run: Run) -> None:
    assert run("users", "add", "maria", "--role", "editor").status == 0
    assert run("users", "add", "maria", "--role", "editor").err.startswith(
        "candor: There is already a curator"
    )
    made = run("keys", "create", "robot", "--role", "viewer", "--user", "maria", "--days", "3")
    assert made.out.startswith("ck_") and made.out.count("\n") == 1
    listed = run("keys", "list").out
    assert "robot of maria  viewer" in listed and made.out.strip() not in listed
    assert run("keys", "revoke", listed.split()[0]).status == 0
    assert run("keys", "list").out == ""
    assert run("users", "role", "maria", "approver").status == run("users", "remove", "maria").status == 0
    assert run("users", "list").out == ""
    assert run("users", "remove", "maria").status == 1
