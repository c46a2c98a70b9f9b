"""Commands that touch what is stored: import over the demonstration, purge, export of choices, doctor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.compose.services import prepared_database
from app.store.turns.conversations import ConversationStore, Opened
from knowledge.entries import ApplyMode, EntryStore
from pipeline.types import Outcome, Reply
from tests.commands import Run
from tests.fakes import entry, settings

pytestmark = pytest.mark.process

ENTRY = "---\nid: {id}\nquestion: Is {id} safe?\n---\nYes. It is well tested.\n"


@pytest.fixture
def demonstration(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> EntryStore:
    """The store as a first start leaves it."""
    from knowledge.importing.paths import parse_path

    folder = tmp_path / "seeds" / "kb"
    folder.mkdir(parents=True)
    for name in ("demo-one", "demo-two"):
        (folder / f"{name}.md").write_text(ENTRY.format(id=name))
    monkeypatch.setenv("CANDOR_SEEDS_DIR", str(tmp_path / "seeds"))
    store = EntryStore(prepared_database(settings(data)))
    store.apply(parse_path(folder).entries, ApplyMode.UPSERT)
    return store


def own_entry(folder: Path) -> Path:
    file = folder / "own.md"
    file.write_text(ENTRY.format(id="own"))
    return file


def test_an_import_replaces_the_untouched_demonstration_and_says_so(
    run: Run, tmp_path: Path, demonstration: EntryStore
) -> None:
    done = run("import", own_entry(tmp_path))
    assert done.status == 0
    assert "demonstration: it was replaced" in done.out
    assert [each.id for each in demonstration.all()] == ["own"]
    (tmp_path / "more.md").write_text(ENTRY.format(id="more"))
    assert "demonstration" not in run("import", tmp_path / "more.md").out
    assert demonstration.count() == 2


def test_an_import_adds_to_a_demonstration_that_somebody_edited(
    run: Run, tmp_path: Path, demonstration: EntryStore
) -> None:
    demonstration.update(entry("demo-one"))
    assert "demonstration" not in run("import", own_entry(tmp_path)).out
    assert demonstration.count() == 3


def said(data: Path) -> ConversationStore:
    """Two conversations in which a choice was offered; in one it was taken."""
    engine = prepared_database(settings(data))
    EntryStore(engine).apply([entry("dna"), entry("flu")], ApplyMode.UPSERT)
    ids = {"What about dna?": "dna", "What about flu?": "flu"}
    store = ConversationStore(engine, ids.get)
    asks = Reply("Which of these?", Outcome.CLARIFY, suggestions=tuple(ids))
    for name, second in (("c1", "what about DNA"), ("c2", "never mind")):
        store.add(Opened(name, is_new=True), f"{name}-1", "I'm Jane. my genes", asks)
        store.add(Opened(name), f"{name}-2", second, Reply("It is so.", Outcome.SMALL_TALK))
    return store


def test_choices_are_exported_for_the_retriever(run: Run, data: Path, tmp_path: Path) -> None:
    assert run("finetune", "export", tmp_path / "none", "--stage", "choices").status == 1
    said(data)
    done = run("finetune", "export", tmp_path / "out", "--stage", "choices")
    assert done.status == 0
    (line,) = (tmp_path / "out" / "train.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "message": "I'm [name]. my genes",
        "entry_id": "dna",
        "offered": ["dna", "flu"],
    }


def test_a_purge_needs_a_time_and_says_what_it_deleted(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = said(data)
    assert run("purge").status == 2
    assert "0 exchanges" in run("purge", "--days", "1").out
    monkeypatch.setenv("CANDOR_RETENTION_DAYS", "0.0000001")
    assert "4 exchanges and 0 traces deleted" in run("purge").out
    with pytest.raises(LookupError):
        store.exchanges("c1")


def test_the_doctor_tells_a_damaged_database(run: Run, data: Path) -> None:
    engine = prepared_database(settings(data))
    with engine.connect() as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'turns'"
        page = int(connection.exec_driver_sql(query).scalar_one())
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    engine.dispose()
    with (data / "candor.db").open("r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xa5" * 4096)
    done = run("doctor")
    assert done.status == 1
    assert "is damaged" in done.out


def test_a_reindex_without_its_database_restores_the_entries(run: Run, own: Path) -> None:
    entries = EntryStore(prepared_database(settings(own)))
    before = list(entries.all())
    for file in own.glob("candor.db*"):
        file.unlink()
    done = run("reindex")
    assert done.status == 0
    assert "were restored from release" in done.err
    assert list(EntryStore(prepared_database(settings(own))).all()) == before
