"""The store: what goes in comes out, and an import is all or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import create_engine

from knowledge import entries as reading
from knowledge.curation.rows import content_hash, entry_from
from knowledge.entries import ApplyCounts, ApplyMode, EntryStore
from knowledge.errors import EntryExists, EntryNotFound, ImportRejected, StorageFailed
from knowledge.types import Entry, EntryStatus, Source

FULL = Entry(
    id="full",
    question="Does ÄPFEL help?",
    answer="No. 100% sure.",
    topic="fruit",
    alternates=("do apples help",),
    misconceptions=("Apples heal",),
    sources=(Source("Example", "https://example.org"),),
    reviewed_on=date(2026, 1, 2),
    valid_until=date(2026, 12, 31),
    status=EntryStatus.DRAFT,
)


def entry(entry_id: str, **fields: object) -> Entry:
    return replace(Entry(entry_id, f"Question {entry_id}?", f"Answer {entry_id}."), **fields)  # type: ignore[arg-type]


@pytest.fixture
def store(engine: Engine) -> EntryStore:
    return EntryStore(engine)


def test_create_get_update_delete(store: EntryStore) -> None:
    store.create(FULL)
    assert store.get("full") == FULL
    with pytest.raises(EntryExists):
        store.create(FULL)
    changed = replace(FULL, answer="Yes.")
    store.update(changed)
    assert store.get("full") == changed
    store.delete("full")
    for act in (lambda: store.get("full"), lambda: store.delete("full"), lambda: store.update(FULL)):
        with pytest.raises(EntryNotFound):
            act()


def test_pages_and_filters(store: EntryStore) -> None:
    store.apply([*(entry(f"e{n}") for n in range(5)), FULL], ApplyMode.UPSERT)
    page = store.page(offset=1, limit=2)
    assert [e.id for e in page.entries] == ["e1", "e2"]
    assert page.total == 6
    assert [e.id for e in store.page(topic="fruit").entries] == ["full"]
    assert [e.id for e in store.page(status=EntryStatus.DRAFT).entries] == ["full"]
    assert [e.id for e in store.page(text="äpfel").entries] == ["full"]
    assert [e.id for e in store.page(text="DO APPLES").entries] == ["full"]
    assert [e.id for e in store.page(text="100%").entries] == ["full"]
    assert store.page(text="1_0").total == 0  # no wildcard
    assert store.page(text="nowhere").entries == ()


def test_servable_leaves_out_drafts_and_expired(store: EntryStore) -> None:
    store.apply(
        [
            entry("open"),
            entry("last-day", valid_until=date(2026, 6, 1)),
            entry("expired", valid_until=date(2026, 5, 31)),
            entry("retired", status=EntryStatus.RETIRED),
            FULL,
        ],
        ApplyMode.UPSERT,
    )
    assert [e.id for e in store.servable(date(2026, 6, 1))] == ["last-day", "open"]
    assert len(list(store.all())) == store.count() == 5


def test_what_is_known_is_not_read_again(store: EntryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.apply([entry("same"), entry("changed"), entry("retired"), entry("brief")], ApplyMode.UPSERT)
    known = {content_hash(each): each for each in store.all()}
    store.update(replace(store.get("changed"), answer="Another answer."))
    store.set_status("retired", EntryStatus.RETIRED)
    store.update(replace(store.get("brief"), valid_until=date(2026, 5, 31)))
    store.create(entry("new"))
    whole = store.servable(date(2026, 6, 1))
    read: list[str] = []

    def noted(record: Mapping[str, Any]) -> Entry:
        read.append(record["id"])
        return entry_from(record)

    monkeypatch.setattr(reading, "entry_from", noted)
    assert store.servable(date(2026, 6, 1), known) == whole
    assert [each.id for each in whole] == ["changed", "new", "same"]
    assert sorted(read) == ["changed", "new"]


def test_upsert_counts_and_leaves_the_rest(store: EntryStore) -> None:
    first = store.apply([entry("a"), entry("b"), entry("c")], ApplyMode.UPSERT)
    assert first == ApplyCounts(created=3, updated=0, unchanged=0, removed=0)
    second = store.apply([entry("a"), entry("b", answer="New."), entry("d")], ApplyMode.UPSERT)
    assert second == ApplyCounts(created=1, updated=1, unchanged=1, removed=0)
    assert [e.id for e in store.all()] == ["a", "b", "c", "d"]
    assert store.get("b").answer == "New."


def test_replace_leaves_exactly_what_is_named(store: EntryStore) -> None:
    store.apply([entry(f"e{n:04d}") for n in range(1_200)], ApplyMode.UPSERT)
    counts = store.apply([entry("e0003"), entry("new")], ApplyMode.REPLACE)
    assert counts == ApplyCounts(created=1, updated=0, unchanged=1, removed=1_199)
    assert [e.id for e in store.all()] == ["e0003", "new"]


def test_nothing_replaces_nothing(store: EntryStore) -> None:
    store.apply([entry("a")], ApplyMode.UPSERT)
    with pytest.raises(ImportRejected, match="nothing was replaced"):
        store.apply([], ApplyMode.REPLACE)
    assert [e.id for e in store.all()] == ["a"]


def test_a_failing_import_changes_nothing(store: EntryStore, engine: Engine) -> None:
    store.apply([entry("a"), entry("b")], ApplyMode.UPSERT)
    with engine.begin() as connection:  # the last step of a replace fails
        connection.execute(
            text("CREATE TRIGGER t BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'x'); END")
        )
    with pytest.raises(StorageFailed):
        store.apply([entry("a", answer="New."), entry("c")], ApplyMode.REPLACE)
    assert list(store.all()) == [entry("a"), entry("b")]
    with pytest.raises(ImportRejected):
        store.apply([entry("x"), entry("x")], ApplyMode.UPSERT)
    assert store.count() == 2


def test_a_database_that_cannot_be_written_says_so(tmp_path: object) -> None:
    engine = create_engine(f"sqlite:///file:{tmp_path}/kb.db?mode=rwc&uri=true")
    from sqlmodel import SQLModel

    SQLModel.metadata.create_all(engine)
    engine.dispose()
    frozen = create_engine(f"sqlite:///file:{tmp_path}/kb.db?mode=ro&uri=true")
    with pytest.raises(StorageFailed, match="cannot be written"):
        EntryStore(frozen).create(FULL)
    frozen.dispose()


def test_the_hash_sees_every_field() -> None:
    plain = entry("a")
    changed = [
        replace(plain, id="b"),
        replace(plain, question="x"),
        replace(plain, answer="x"),
        replace(plain, topic="x"),
        replace(plain, alternates=("x",)),
        replace(plain, misconceptions=("x",)),
        replace(plain, sources=FULL.sources),
        replace(plain, reviewed_on=date(2026, 1, 1)),
        replace(plain, valid_until=date(2026, 1, 1)),
        replace(plain, status=EntryStatus.DRAFT),
    ]
    assert len({content_hash(e) for e in (plain, *changed)}) == 11


def test_an_update_touches_only_what_is_given(store: EntryStore) -> None:
    store.apply([FULL, entry("b")], ApplyMode.UPSERT)
    partial = replace(entry(FULL.id, answer="New."), topic="general")
    given = {FULL.id: frozenset({"id", "answer"})}
    plan = store.preview([partial, entry("b"), entry("c")], ApplyMode.UPSERT, given)
    assert plan.updated == ((FULL, replace(FULL, answer="New.")),)
    assert ([each.id for each in plan.created], plan.unchanged) == (["c"], ("b",))
    assert store.get(FULL.id) == FULL
    store.apply([partial], ApplyMode.UPSERT, given)
    assert store.get(FULL.id) == replace(FULL, answer="New.")
    store.apply([partial], ApplyMode.REPLACE, given)
    assert list(store.all()) == [partial]


def test_an_id_that_comes_to_ask_something_else_is_told(store: EntryStore) -> None:
    store.apply([entry("a")], ApplyMode.UPSERT)
    counts = store.apply([replace(entry("a"), question="Something else?")], ApplyMode.UPSERT)
    assert counts.warnings == (f'"a" asked before: "{entry("a").question}"',)
