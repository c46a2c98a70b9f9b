"""What is kept of changes: all or nothing, also of many at once, and of a process that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, create_engine, select

from app.compose.services import prepared_database
from app.store.audit import AuditRow, witness
from knowledge.curation.history import differences
from knowledge.curation.lifecycle import Writing
from knowledge.curation.rows import EntryRow, VersionRow
from knowledge.entries import ApplyMode, EntryStore
from knowledge.errors import EntryNotFound
from knowledge.types import Entry, EntryStatus
from tests.fakes import settings

EDITOR = Writing("ed", "key", approves=False)


def entry(number: int, answer: str = "So.") -> Entry:
    return Entry(f"e{number:05d}", f"What is number {number}?", answer)


def test_an_act_that_cannot_be_witnessed_is_not_done(engine: Engine) -> None:
    def failing(*_given: object) -> None:
        raise RuntimeError("the log is full")

    EntryStore(engine).create(entry(1))
    store = EntryStore(engine, failing)
    acts = (
        lambda: store.create(entry(2)),
        lambda: store.update(entry(1, "New.")),
        lambda: store.delete("e00001"),
        lambda: store.set_status("e00001", EntryStatus.DRAFT),
        lambda: store.apply([entry(3)], ApplyMode.REPLACE),
    )
    for act in acts:
        with pytest.raises(RuntimeError):
            act()
    assert list(store.all()) == [entry(1)] and store.history.page("e00001").total == 1
    with pytest.raises(EntryNotFound):
        store.history.page("e00002")


def test_an_import_keeps_a_version_of_each_and_one_line(engine: Engine) -> None:
    told: list[tuple[str, str, Mapping[str, Any]]] = []

    def tell(_session: Session, by: Writing, act: str, _subject: str, detail: Mapping[str, Any]) -> None:
        told.append((by.author, act, detail))

    store = EntryStore(engine, tell)
    store.apply([entry(1), entry(2)], ApplyMode.UPSERT, by=Writing("ann", comment="first"))
    store.apply([entry(1, "New.")], ApplyMode.REPLACE, by=Writing("bea"))
    store.apply([entry(1, "New.")], ApplyMode.REPLACE, by=Writing("bea"))
    versions = {number: store.history.page(f"e{number:05d}").versions for number in (1, 2)}
    assert [(each.act, each.author) for each in versions[1]] == [("imported", "bea"), ("imported", "ann")]
    assert [(each.act, each.author) for each in versions[2]] == [("deleted", "bea"), ("imported", "ann")]
    assert versions[2][1].comment == "first"
    assert told == [
        ("ann", "entries.imported", {"created": 2, "updated": 0, "removed": 0}),
        ("bea", "entries.imported", {"created": 0, "updated": 1, "removed": 1}),
    ]


def test_what_stands_expires_too(engine: Engine) -> None:
    store = EntryStore(engine)
    store.create(replace(entry(1), valid_until=date(2026, 6, 1)))
    store.update(entry(1, "New."), EDITOR)
    assert [each.answer for each in store.servable(date(2026, 6, 1))] == ["So."]
    assert store.servable(date(2026, 6, 2)) == []


def test_an_editor_sends_a_change_back_and_the_approved_still_stands(engine: Engine) -> None:
    store = EntryStore(engine)
    store.create(entry(1))
    store.update(entry(1, "New."), EDITOR)
    store.set_status("e00001", EntryStatus.DRAFT, EDITOR)
    store.update(replace(entry(1, "Newer."), status=EntryStatus.DRAFT), EDITOR)
    assert store.servable(date.today()) == [entry(1)]
    store.set_status("e00001", EntryStatus.RETIRED)
    assert store.servable(date.today()) == []


def test_differences_line_by_line() -> None:
    before = {"id": "a", "question": "Q?", "answer": "One.\nTwo.", "alternates": ["x", "y"]}
    after = {
        "id": "a",
        "question": "Q?",
        "answer": "One.\nThree.",
        "alternates": ["y"],
        "review_by": "2027-01-01",
    }
    assert [(each.field, each.lines) for each in differences(before, after)] == [
        ("answer", ("  One.", "- Two.", "+ Three.")),
        ("alternates", ("- x", "  y")),
        ("review_by", ("+ 2027-01-01",)),
    ]


def test_differences_of_long_texts_are_there_at_once() -> None:
    before = "\n".join(f"The fee of year {number} is {number}." for number in range(600))
    after = "\n".join(f"The toll of year {number} was {number}!" for number in range(600))
    blank = "\n" * 5_000
    started = time.process_time()
    for old, new in ((before, after), (blank, f"{blank}x"), ("a\nb\n" * 900, "b\na\n" * 900)):
        (change,) = differences({"answer": old}, {"answer": new})
        assert [line[2:] for line in change.lines if line[0] in " -"] == old.split("\n")
        assert [line[2:] for line in change.lines if line[0] in " +"] == new.split("\n")
    assert time.process_time() - started < 2


def test_who_undoes_his_own_change_needs_no_approver(engine: Engine) -> None:
    store = EntryStore(engine)
    store.create(entry(1))
    assert store.update(entry(1, "New."), EDITOR).standing == 1
    assert store.revert("e00001", 1, EDITOR).entry == entry(1)
    store.update(entry(1, "New."), EDITOR)
    store.apply([entry(1)], ApplyMode.UPSERT, by=EDITOR)
    assert store.kept("e00001").entry.status is EntryStatus.APPROVED


def test_what_stood_stands_again_where_its_change_is_brought_back(engine: Engine) -> None:
    store = EntryStore(engine)
    store.create(entry(1))
    store.update(entry(1, "New."), EDITOR)
    store.delete("e00001")
    assert store.revert("e00001", 2, EDITOR).said is None  # he may not put into service
    assert store.revert("e00001", 3).said == 1
    assert store.servable(date.today()) == [entry(1)]


def test_what_stood_stands_again_where_an_import_is_taken_back(engine: Engine) -> None:
    noted: list[datetime] = []

    def tell(*_given: object) -> None:
        noted.append(datetime.now(UTC))

    store = EntryStore(engine, tell)
    ann = Writing("ann")
    for number in (1, 2):
        store.create(entry(number))
        store.update(entry(number, "New."), EDITOR)
    store.apply([entry(1, "Newer.")], ApplyMode.REPLACE, by=ann)
    assert store.servable(date.today()) == [entry(1, "Newer.")]
    store.undo("ann", noted[-1], ann)
    assert store.servable(date.today()) == [entry(1), entry(2)]
    assert {each.answer for each in store.all()} == {"New."}


def test_a_plan_that_is_refused_is_not_written(engine: Engine) -> None:
    def refuse(_plan: object) -> None:
        raise RuntimeError("that was not shown")

    store = EntryStore(engine)
    with pytest.raises(RuntimeError):
        store.apply([entry(1)], ApplyMode.UPSERT, check=refuse)
    assert store.count() == 0


@pytest.mark.slow
def test_ten_thousand_are_imported_quickly(tmp_path: Path) -> None:
    engine = prepared_database(settings(tmp_path))
    store = EntryStore(engine, witness)
    entries = [entry(number, "So it is. " * 20) for number in range(10_000)]
    started = time.process_time()  # whatever else the machine does
    assert store.apply(entries, ApplyMode.UPSERT).created == 10_000
    assert time.process_time() - started < 8
    started = time.process_time()  # whatever else the machine does
    assert store.apply([replace(each, topic="t") for each in entries], ApplyMode.UPSERT).updated == 10_000
    assert time.process_time() - started < 8
    engine.dispose()


_WRITER = """
import sys
from pathlib import Path
from app.compose.services import prepared_database
from app.store.audit import witness
from knowledge.entries import ApplyMode, EntryStore
from knowledge.types import EntryStatus
from tests.fakes import settings
from tests.knowledge.curation.test_history import entry

store = EntryStore(prepared_database(settings(Path(sys.argv[1]))), witness)
print("ready", flush=True)
for turn in range(10_000):
    store.apply([entry(number, f"Turn {turn}.") for number in range(200)], ApplyMode.UPSERT)
    store.set_status("e00000", EntryStatus.RETIRED)
    store.set_status("e00000", EntryStatus.DRAFT)
    store.delete("e00001")
"""


@pytest.mark.process
def test_a_killed_process_leaves_nothing_half_done(tmp_path: Path) -> None:
    """Killed at any moment, the entries are of one moment, and history and log tell how they came to be."""
    for wait_s in (0.05, 0.2, 0.35):
        command = [sys.executable, "-c", _WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path.cwd()) as writer:
            assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
            time.sleep(wait_s)
            os.kill(writer.pid, signal.SIGKILL)
        engine = create_engine(f"sqlite:///{tmp_path / 'candor.db'}")
        _is_whole(engine)
        engine.dispose()


def _is_whole(engine: Engine) -> None:
    store = EntryStore(engine)
    with Session(engine) as session:
        answers = set(session.exec(select(func.json_extract(EntryRow.record, "$.answer"))))
        rows = list(session.exec(select(EntryRow)))
        versions = session.exec(select(func.count()).select_from(VersionRow)).one()
        acts = list(session.exec(select(AuditRow)))
    assert len(answers) <= 1
    for row in rows:
        last = store.history.page(row.id, limit=1).versions[0]
        assert (last.version, last.record) == (row.version, row.record)
    told = sum(
        act.detail["created"] + act.detail["updated"] if act.act == "entries.imported" else 1 for act in acts
    )
    assert told == versions
