"""The real commands on real data: what they do, what they print, and how they fail."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from pathlib import Path

import pytest
from filelock import FileLock

from tests.commands import TOPIC, Run
from tests.openai_server import MODEL, says_json, serving_llm

pytestmark = pytest.mark.process

ENTRY = {"id": "one", "question": "What is one?", "answer": "One is a number."}


def jsonl(file: Path, *records: object) -> Path:
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def test_import_counts_and_names_what_it_ignored(run: Run, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "kb.jsonl", ENTRY, ENTRY | {"id": "two", "question": "And two?", "colour": "red"})
    first = run("import", file)
    assert (first.status, first.out) == (
        0,
        "2 created, 0 updated, 0 unchanged, 0 removed.\n2 changes are not live: candor reindex\n"
        "Ignored fields: colour.\n",
    )
    twin = jsonl(tmp_path / "twin.jsonl", ENTRY | {"id": "three"})
    assert '"one", "three" ask the same' in run("import", twin).out
    changed = jsonl(tmp_path / "new.jsonl", ENTRY | {"answer": "One is odd."})
    assert (
        run("import", changed, "--mode", "replace").out
        == "0 created, 1 updated, 0 unchanged, 2 removed.\n1 change is not live: candor reindex\n"
    )


@pytest.mark.parametrize("name", ["kb.jsonl", "kb.csv", "kb.xlsx", "folder"])
def test_what_is_exported_comes_back_unchanged(run: Run, tmp_path: Path, name: str) -> None:
    run("import", TOPIC)
    entries = len(list(TOPIC.glob("*.md")))
    form = ("--format", "markdown") if name == "folder" else ()
    assert run("export", tmp_path / name, *form).status == 0
    assert run("import", tmp_path / name, "--mode", "replace").out == (
        f"0 created, 0 updated, {entries} unchanged, 0 removed.\n"
        f"{entries} changes are not live: candor reindex\n"
    )
    assert run("export", "-").out.count("\n") == entries


def test_a_check_shows_what_an_import_would_change_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    run("import", jsonl(tmp_path / "kb.jsonl", ENTRY, ENTRY | {"id": "two"}))
    before = run("export", "-").out
    table = tmp_path / "kb.csv"
    table.write_text(
        f"id;question;answer\none;{ENTRY['question']};Another.\ntwo;{ENTRY['question']};{ENTRY['answer']}\n"
        ";What is new?;This.\n"
    )
    done = run("import", table, "--check")
    assert done.status == 0
    assert done.out.splitlines() == [
        "Read separated by semicolons.",
        "Nothing was written. It would create 1, change 1, remove 0 and leave 1 alone.",
        "create what-is-new: What is new?",
        f"change one: {ENTRY['question']}",
        "    answer",
        f"      - {ENTRY['answer']}",
        "      + Another.",
        "leave alone: two",
    ]
    assert run("export", "-").out == before


@pytest.mark.parametrize("name", ["new.csv", "new.xlsx"])
def test_a_template_is_a_table_without_entries(run: Run, tmp_path: Path, name: str) -> None:
    assert run("template", tmp_path / name).status == 0
    assert "There is no entry below the header" in run("import", tmp_path / name).out
    assert "exists already" in run("template", tmp_path / name).err
    assert run("template", tmp_path / "new.doc").status == 2


def test_a_failed_export_leaves_the_old_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import", jsonl(tmp_path / "in.jsonl", ENTRY))
    old = jsonl(tmp_path / "out.jsonl", {"old": True})

    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    failed = run("export", old)
    assert (failed.status, failed.err) == (1, f"candor: {old} cannot be written: No space left on device.\n")
    assert json.loads(old.read_text()) == {"old": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "in.jsonl", "out.jsonl"]


def test_bad_lines_are_named_and_nothing_is_taken(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "kb.jsonl"
    file.write_text(json.dumps(ENTRY) + '\n{"id": \n{"id": "three"}\n')
    failed = run("import", file)
    assert failed.status == 1
    for number in (2, 3):
        assert f"{file}, line {number}: " in failed.err
    assert failed.err.endswith("candor: Nothing was imported.\n")
    assert run("export", "-").out == ""


@pytest.mark.parametrize("name", ["binary.jsonl", "binary.csv", "binary.md", "binary"])
def test_a_binary_file_is_told_apart(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bytes(range(256)) * 20)
    failed = run("import", tmp_path / name)
    assert failed.status == 1
    assert name in failed.err


def test_replacing_everything_by_nothing_is_refused(run: Run, tmp_path: Path) -> None:
    run("import", jsonl(tmp_path / "kb.jsonl", ENTRY))
    refused = run("import", jsonl(tmp_path / "empty.jsonl"), "--mode", "replace")
    assert (refused.status, "nothing was replaced" in refused.err) == (1, True)
    assert run("export", "-").out.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "missing.jsonl"), "missing.jsonl does not exist"),
        (("export", "/nowhere/kb.jsonl"), "/nowhere/kb.jsonl cannot be written"),
        (("releases", "activate", "r0"), 'no release "r0"'),
    ],
)
def test_a_failure_is_one_sentence(run: Run, own: Path, arguments: tuple[str, ...], said: str) -> None:
    failed = run(*arguments)
    assert (failed.status, failed.out) == (1, "")
    assert failed.err.splitlines()[-1].startswith("candor: ")
    assert said in failed.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("import",),
        ("import", "kb.jsonl", "--mode", "merge"),
        ("export", "kb.docx"),
        ("export", "-", "--format", "markdown"),
        ("serve", "--port", "70000"),
    ],
)
def test_bad_usage_is_a_2(run: Run, data: Path, arguments: tuple[str, ...]) -> None:
    failed = run(*arguments)
    assert (failed.status, failed.out) == (2, "")
    assert "Usage: " in failed.err
    assert not data.exists()


@pytest.mark.parametrize("command", ["reindex", "chat", "releases", "serve"])
def test_settings_that_cannot_be_used_are_named(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    data.write_text("a file where the folder should be")
    failed = run(command)
    assert (failed.status, "CANDOR_DATA_DIR" in failed.err) == (1, True)
    monkeypatch.setenv("CANDOR_PROT", "8000")
    failed = run(command)
    assert (failed.status, "CANDOR_PROT" in failed.err) == (1, True)


def test_a_locked_database_is_told(
    run: Run, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.database.sqlite_file._PRAGMAS", ("busy_timeout=50",))
    holder = sqlite3.connect(own / "candor.db")
    holder.execute("BEGIN IMMEDIATE")
    try:
        failed = run("import", jsonl(tmp_path / "kb.jsonl", ENTRY))
        assert (failed.status, "database is locked" in failed.err) == (1, True)
        diagnosed = run("doctor")
        assert (diagnosed.status, "database is locked" in diagnosed.out) == (1, True)
    finally:
        holder.close()


def test_a_damaged_database_is_told(run: Run, data: Path) -> None:
    data.mkdir()
    (data / "candor.db").write_bytes(b"no database at all" * 100)
    failed = run("releases")
    assert (failed.status, "not a database" in failed.err) == (1, True)
    assert run("doctor").status == 1


def test_reindex_embeds_what_changed_and_releases_roll_back(run: Run, own: Path, tmp_path: Path) -> None:
    first = run("releases").out
    assert first.count("\n") == 2
    old = next(line.split()[1] for line in first.splitlines() if line.startswith("*"))
    run("import", jsonl(tmp_path / "kb.jsonl", ENTRY))
    built = run("reindex")
    assert built.status == 0, built.err
    assert "(3 newly embedded)" in built.out  # its question, its answer as a chunk and as a sentence
    assert built.err.splitlines()[-1] == "100% done"
    assert run("releases").out.count("\n") == 3
    assert run("releases", "activate", old).out == f"Release {old} is active.\n"
    assert f"*  {old}" in run("releases").out


def test_a_release_that_cannot_serve_is_not_activated(run: Run, own: Path) -> None:
    built = run("reindex").out.split()[1]
    old = next(path for path in (own / "releases").iterdir() if path.name != built)
    (old / "vectors.npy").write_bytes(b"damaged")
    refused = run("releases", "activate", old.name)
    assert (refused.status, "damaged" in refused.err) == (1, True)
    assert f"*  {built}" in run("releases").out


def test_one_build_at_a_time(run: Run, own: Path) -> None:
    with FileLock(own / "release.lock"):
        refused = run("reindex")
    assert (refused.status, "already being built" in refused.err) == (1, True)
    assert run("reindex").status == 0


def test_nothing_to_serve_is_told(run: Run, own: Path, tmp_path: Path) -> None:
    draft = jsonl(tmp_path / "kb.jsonl", ENTRY | {"status": "draft"})
    refused = run("import", draft, "--mode", "replace", "--reindex")
    assert (refused.status, "no approved, unexpired entry" in refused.err) == (1, True)


def test_doctor_on_a_sound_installation(run: Run, own: Path) -> None:
    told = run("doctor")
    assert (told.status, "The service can run." in told.out) == (0, True)
    assert "failed" not in told.out
    for part in ("int8", "mean cosine 0.99", "intact, made by this encoder", "faiss-cpu", "GiB free"):
        assert part in told.out


def test_doctor_changes_nothing(run: Run, data: Path) -> None:
    told = run("doctor")
    assert (told.status, "candor-retriever" in told.out) == (0, True)
    assert not data.exists()


def test_doctor_tries_the_language_model(run: Run, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "none, and none is needed" in run("doctor").out
    monkeypatch.setenv("CANDOR_LLM_MODEL", MODEL)
    with serving_llm(says_json(answer="yes"), rejects=("json_schema",)) as server:
        monkeypatch.setenv("CANDOR_LLM_BASE_URL", server.url)
        tried = run("doctor").out
        assert f"{MODEL} answered within" in tried and "without json_schema" in tried
    told = run("doctor")
    assert (told.status, f"{MODEL} does not answer" in told.out) == (0, True), "the specialists still serve"
    monkeypatch.setenv("CANDOR_LLM_BASE_URL", "")
    monkeypatch.setenv("CANDOR_LLM_GGUF", str(own / "candor.db"))
    told = run("doctor")
    assert (told.status, "not a GGUF file" in told.out) == (1, True)


def test_doctor_tells_what_is_wrong(run: Run, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    next((own / "releases").rglob("passages.jsonl")).unlink()
    told = run("doctor")
    assert (told.status, "passages.jsonl is missing" in told.out) == (0, True)  # a start would rebuild it
    monkeypatch.setenv("CANDOR_SEEDS_DIR", str(own))
    told = run("doctor")
    assert (told.status, "CANDOR_SEEDS_DIR" in told.out) == (1, True)
    monkeypatch.setenv("CANDOR_SEEDS_DIR", "")
    monkeypatch.setattr(
        "app.diagnosis.doctor.version_of", lambda name: None if name == "faiss-cpu" else "1.0"
    )
    told = run("doctor")
    assert (told.status, "missing: faiss-cpu" in told.out, "make setup" in told.out) == (1, True, True)
