"""`candor finetune export` and `check` as a user would run them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.compose.services import prepared_database
from app.store.storage import Storage
from app.store.turns.conversations import ConversationStore, Opened, Rating
from app.store.turns.traces import TraceStore
from knowledge.entries import ApplyMode, EntryStore
from pipeline.types import Citation, Outcome, Reply, TurnContext
from tests.commands import Run
from tests.fakes import entry, settings

TALK = "User: is it safe?\nChatbot: It is.\nUser: since when\nChatbot: For years.\n"


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_the_seeds_export_in_both_forms_and_pass_the_check(run: Run, tmp_path: Path) -> None:
    for form in ("chat", "completion"):
        done = run("finetune", "export", tmp_path / form, "--format", form, "--labels", "USER,RAVEN")
        assert done.status == 0, done.err
        train, validation = (tmp_path / form / f"{side}.jsonl" for side in ("train", "validation"))
        checked = run("finetune", "check", train, "--validation", validation, "--price", 2)
        assert checked.status == 0, checked.out
        assert "0 errors, 0 warnings." in checked.out and "at 2 a million" in checked.out
    assert rows(train)[0]["prompt"].endswith("\nRAVEN:")


def test_what_cannot_be_read_is_named_and_the_rest_exported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text(f"{TALK}Nobody: hm\n", "utf-8")
    done = run("finetune", "export", tmp_path / "out", tmp_path / "talk.txt")
    assert done.status == 0
    assert "talk.txt, line 5: names an unknown speaker: Nobody" in done.err
    assert "2 samples, 0 held back, from 1 conversations." in done.out
    assert "Servers want at least 10 samples." in done.err
    assert not (tmp_path / "out" / "validation.jsonl").exists()


def test_a_name_may_have_a_comma(run: Run, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text(TALK.replace("Chatbot:", "Kim, nurse:"), "utf-8")
    done = run("finetune", "export", tmp_path / "out", tmp_path / "talk.txt", "--chatbot", "Kim, nurse")
    assert done.status == 0, done.err
    assert "2 samples" in done.out


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.txt", b"", "no conversation to learn from"),
        ("binary.txt", bytes(range(256)) * 40, "no conversation to learn from"),
        ("latin.txt", "User: caf\xe9?\nChatbot: S\xed.\n".encode("latin-1"), "not UTF-8 text: byte 0xE9"),
        ("other.docx", b"PK", "is not a .txt, .jsonl"),
        ("nobody.csv", b"a,b\n1,2\n", "has no column for the speaker"),
    ],
)
def test_nothing_to_learn_from_is_a_failure(
    run: Run, tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = run("finetune", "export", tmp_path / "out", tmp_path / name)
    assert done.status == 1 and told in done.err
    assert not (tmp_path / "out").exists()


def test_no_file_is_overwritten(run: Run, tmp_path: Path) -> None:
    assert run("finetune", "export", tmp_path / "out").status == 0
    again = run("finetune", "export", tmp_path / "out")
    assert again.status == 1 and "train.jsonl exists" in again.err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--format", "xml"),
        ("--stop", ""),
        ("--labels", "RAVEN"),
        ("--regions", "XX"),
        ("--validation", "2"),
        ("--stage", "answer", "--stored"),
    ],
)
def test_bad_usage_is_told_before_anything_is_read(run: Run, tmp_path: Path, wrong: tuple[str, ...]) -> None:
    assert run("finetune", "export", tmp_path / "out", *wrong).status == 2


def test_a_missing_file_and_errors_make_the_check_fail(run: Run, tmp_path: Path) -> None:
    assert run("finetune", "check", tmp_path / "none.jsonl").status == 1
    (tmp_path / "x.jsonl").write_text("{}\n")
    done = run("finetune", "check", tmp_path / "x.jsonl")
    assert done.status == 1
    assert f"{tmp_path / 'x.jsonl'}:1: error: is neither a chat nor a prompt with its completion" in done.out
    assert "none can be used" in done.out


def _stored(data: Path, *, rating: Rating) -> None:
    """A database with a conversation of one answered turn, its trace and a rating."""
    engine = prepared_database(settings(data))
    EntryStore(engine).apply([entry("dna", topic="genes"), entry("near")], ApplyMode.UPSERT)
    storage, store = Storage(lambda what: None), ConversationStore(engine)
    traces = TraceStore(engine, storage, lambda step, ms: None)
    citation = Citation(1, "dna", "What about dna?", None, 0, 8)
    reply = Reply("It is so. [1]", Outcome.ANSWERED, (citation,))
    hits = [{"entry_id": "near"}, {"entry_id": "dna"}]
    results = {
        "TopicVerdict": {"topic": "on_topic", "probability": 0.9, "kind": ""},
        "SearchQuery": {"text": "about dna", "alternates": ["genes"], "used_history": False},
        "Retrieved": {"hits": hits},
        "Evidence": {"query": "about dna", "accepted": ["near", "dna"], "judged": {}},
    }
    steps = [
        {"step": name, "engine": "x", "elapsed_ms": 1.0, "result": result} for name, result in results.items()
    ]
    question = "I'm Jane. what of dna?"
    trace = {"id": "m1", "question": question, "release_id": "r", "outcome": "answered", "steps": steps}

    async def record() -> None:
        await traces.record(trace, TurnContext())
        await storage.close()

    asyncio.run(record())
    store.add(Opened("c1", is_new=True), "m1", question, reply)
    store.rate("m1", rating, None)
    engine.dispose()


def test_own_conversations_are_exported_without_marks_names_and_what_was_rated_down(
    run: Run, data: Path, tmp_path: Path
) -> None:
    _stored(data, rating=Rating.UP)
    assert run("finetune", "export", tmp_path / "out", "--stored").status == 0
    [row] = rows(tmp_path / "out" / "train.jsonl")
    assert [said["content"] for said in row["messages"]] == ["I'm [name]. what of dna?", "It is so."]


@pytest.mark.slow
@pytest.mark.timeout(1200)  # the first chain embeds the examples of the seeds
def test_passages_are_found_by_the_specialists_in_every_profile(
    run: Run, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANDOR_PROFILE", "llm")
    monkeypatch.setenv("CANDOR_LLM_MODEL", "asked-for-nothing")
    monkeypatch.setenv("CANDOR_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    (tmp_path / "talk.txt").write_text("User: is there mercury in vaccines?\nChatbot: No.\n", "utf-8")
    done = run("finetune", "export", tmp_path / "out", tmp_path / "talk.txt", "--passages")
    assert done.status == 0, done.err
    [row] = rows(tmp_path / "out" / "train.jsonl")
    assert "mercury" in row["messages"][0]["content"]


def test_what_was_rated_down_is_not_learned(run: Run, data: Path, tmp_path: Path) -> None:
    _stored(data, rating=Rating.DOWN)
    assert "no conversation" in run("finetune", "export", tmp_path / "a", "--stored").err
    assert "No turn was rated up" in run("finetune", "export", tmp_path / "b", "--stage", "gate").err


def test_each_stage_learns_from_turns_that_were_rated_up(run: Run, data: Path, tmp_path: Path) -> None:
    _stored(data, rating=Rating.UP)
    answers, prompts = {}, {}
    for stage in ("gate", "query", "relevance", "answer"):
        done = run("finetune", "export", tmp_path / stage, "--stage", stage)
        assert done.status == 0, done.err
        [row] = rows(tmp_path / stage / "train.jsonl")
        system, user, assistant = row["messages"]
        assert (system["role"], user["role"], assistant["role"]) == ("system", "user", "assistant")
        assert "Jane" not in str(row)
        answers[stage], prompts[stage] = assistant["content"], (system["content"], user["content"])
    assert json.loads(answers["gate"]) == {"kind": "on_topic"}
    assert json.loads(answers["query"]) == {
        "asks": "about dna",
        "query": "about dna",
        "alternates": ["genes"],
    }
    assert json.loads(answers["relevance"]) == {"useful": [1, 2]}
    assert answers["answer"] == "It is so. [2]"
    assert "what of dna?" in prompts["gate"][1] and "This is known about near." in prompts["relevance"][1]
    assert "Speaks" in prompts["answer"][0]
