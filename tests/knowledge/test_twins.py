from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from knowledge.entries import ApplyMode, EntryStore
from knowledge.twins import question_key, shared_wordings, without_superseded
from knowledge.types import Entry

START = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = Entry("day-old", "What does a day cost?", "5."), Entry("day-new", "what does a DAY cost", "7.")


def dated(*entries: Entry) -> list[tuple[Entry, datetime]]:
    return [(entry, START + timedelta(seconds=place)) for place, entry in enumerate(entries)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("What's it?", " whats IT ", True),
        ("C++ support?", "C support?", False),
        ("ﬁne “day”", "fine day", True),
        ("Costs 5€?", "Costs 5$?", False),
    ],
)
def test_a_question_is_the_same_in_another_writing(one: str, other: str, same: bool) -> None:
    assert (question_key(one) == question_key(other)) is same


def test_of_twins_the_one_that_was_reviewed_or_changed_last_is_said() -> None:
    assert without_superseded(dated(OLD, NEW)) == [NEW]
    assert without_superseded(dated(NEW, OLD)) == [OLD]
    reviewed = replace(OLD, reviewed_on=date(2026, 5, 1))
    assert without_superseded(dated(reviewed, NEW)) == [reviewed]
    nameless = [Entry("a", "??", "1."), Entry("b", "!!", "2.")]
    assert without_superseded(dated(*nameless)) == nameless


def test_passages_of_one_text_below_one_heading_are_all_kept() -> None:
    first, second = (
        Entry(name, "History", " ".join(f"{name}{place}" for place in range(60))) for name in ("a", "b")
    )
    assert without_superseded(dated(first, second)) == [first, second]
    again = replace(first, id="c")
    assert without_superseded(dated(first, second, again)) == [second, again]


def test_an_import_names_twins_and_borrowed_questions_that_it_touches() -> None:
    other = Entry("pass", "Is there a pass?", "Yes.", alternates=("What does a day cost?", "pass"))
    entries = dated(OLD, NEW, other)
    (twins, _), (borrowed, _) = shared_wordings(entries, {"day-new"})
    assert '"day-old", "day-new" ask the same' in twins and 'newest, "day-new"' in twins
    assert 'alternate of "pass"' in borrowed
    assert list(shared_wordings(entries, {"elsewhere"})) == []


def test_the_store_serves_the_newest_and_says_so(engine: Engine) -> None:
    entry_store = EntryStore(engine)
    counts = entry_store.apply([OLD, NEW], ApplyMode.UPSERT)
    assert counts.created == 2
    assert len(counts.warnings) == 1
    assert entry_store.servable(date(2026, 1, 1)) == [NEW]
    assert entry_store.count() == 2
