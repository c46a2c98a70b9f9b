"""`candor gaps` and `candor feedback`, on a database that a service has written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.compose.services import prepared_database
from app.store.turns.conversations import ConversationStore, Opened, Rating
from pipeline.types import Outcome, Reply
from tests.commands import Run
from tests.fakes import answered, settings

pytestmark = pytest.mark.process

ASKED = (
    "Is there a vegan sandwich in the cafeteria?",
    "does the cafeteria have vegan sandwiches",
    "How do I reset my password?",
)


@pytest.fixture
def stored(data: Path) -> ConversationStore:
    """Two questions without an answer, one of them twice; a reply rated up, one rated down."""
    store = ConversationStore(prepared_database(settings(data)))
    nothing = Reply("I have no answer to that.", Outcome.NO_ANSWER)
    for number, message in enumerate(ASKED):
        store.add(Opened(f"c{number}", is_new=True), f"m{number}", message, nothing)
    store.add(Opened("c9", is_new=True), "m9", "does it change my dna", answered())
    store.rate("m9", Rating.UP, None)
    store.rate("m2", Rating.DOWN, "I am Zelda Quark, and this is useless")
    return store


def test_gaps_are_shown_and_given_as_json(run: Run, stored: ConversationStore) -> None:
    shown = run("gaps")
    assert shown.status == 0, shown.err
    assert shown.out.splitlines()[0].split()[:2] == ["2", "open"] and "cafeteria" in shown.out
    assert "1 unanswered" in shown.out and "2 gaps, 2 shown." in shown.err
    page = json.loads(run("gaps", "--json", "--limit", "1").out)
    assert (page["total"], page["items"][0]["count"]) == (2, 2)
    assert page["items"][0]["id"] in shown.out  # the same gap the next time
    assert json.loads(run("gaps", "--kind", "answered", "--json").out)["items"][0]["count"] == 1
    assert "There are no gaps." in run("gaps", "--until", "2020-01-01").err
    assert json.loads(run("gaps", "--state", "closed", "--json").out)["total"] == 0


def test_ratings_are_shown_and_given_as_json(run: Run, stored: ConversationStore) -> None:
    shown = run("feedback")
    assert shown.status == 0, shown.err
    assert "up" in shown.out and "[dna]" in shown.out and "Zelda" not in shown.out
    page = json.loads(run("feedback", "--rating", "down", "--json").out)
    assert [item["message"] for item in page["items"]] == [ASKED[2]]
    assert json.loads(run("feedback", "--entry", "dna", "--json").out)["total"] == 1
    assert "There are none." in run("feedback", "--outcome", "declined").err


@pytest.mark.parametrize("command", ["gaps", "feedback"])
def test_wrong_days_are_bad_usage(run: Run, command: str) -> None:
    for given in ("soon", "2026-02-30", "9999-12-31T23:59:59-14:00"):
        done = run(command, "--since", given)
        assert done.status == 2 and "2026-11-29" in done.err
