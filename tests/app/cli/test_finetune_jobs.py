"""`candor finetune submit`, `status` and `cancel` against a server that speaks the API, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import app.cli.tuning.finetune_jobs
from tests.commands import Run
from tests.openai_finetuning import FAILS, FineTuningServer, serving_fine_tuning
from tests.openai_server import fails

KEY = "sk-a-key-of-the-tests"


@pytest.fixture
def server() -> Iterator[FineTuningServer]:
    with serving_fine_tuning(key=KEY) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(server: FineTuningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app.cli.tuning.finetune_jobs, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setenv("CANDOR_LLM_BASE_URL", server.url)
    monkeypatch.setenv("CANDOR_LLM_API_KEY", KEY)
    monkeypatch.setenv("CANDOR_LLM_MODEL", "base-1")


@pytest.fixture
def files(run: Run, tmp_path: Path) -> tuple[Path, Path]:
    assert run("finetune", "export", tmp_path / "set").status == 0
    return tmp_path / "set" / "train.jsonl", tmp_path / "set" / "validation.jsonl"


def test_a_job_is_submitted_followed_and_its_model_taken_into_use(
    run: Run, server: FineTuningServer, files: tuple[Path, Path]
) -> None:
    train, validation = files
    Path(".env").write_text("CANDOR_LOG_LEVEL=ERROR\n")
    wanted = ("--suffix", "raven", "--epochs", 2, "--seed", 7, "--use")
    done = run("finetune", "submit", train, "--validation", validation, *wanted)
    assert done.status == 0, done.err
    assert [file.name for file in server.files.values()] == ["train.jsonl", "validation.jsonl"]
    assert server.files["file-1"].content == train.read_bytes()
    assert all(file.purpose == "fine-tune" for file in server.files.values())
    asked = server.jobs["ftjob-1"].asked
    assert (asked["model"], asked["suffix"], asked["seed"]) == ("base-1", "raven", 7)
    assert (asked["training_file"], asked["validation_file"]) == ("file-1", "file-2")
    assert asked["method"]["supervised"]["hyperparameters"] == {"n_epochs": 2}
    assert "The model is ft:base-1:org:raven:1." in done.out
    assert "Step 1: training loss" in done.err and "Step 2: training loss" in done.err
    env = Path(".env").read_text()
    assert "CANDOR_LOG_LEVEL=ERROR" in env
    assert "CANDOR_LLM_MODEL=" in env and "ft:base-1:org:raven:1" in env


def test_what_was_interrupted_goes_on_and_nothing_is_told_or_sent_twice(
    run: Run, server: FineTuningServer, files: tuple[Path, Path], data: Path
) -> None:
    begun = run("finetune", "submit", files[0], "--no-follow")
    assert begun.status == 0 and "Job ftjob-1 is validating files." in begun.out
    assert KEY not in (data / "finetuning" / "jobs.json").read_text()
    looked = run("finetune", "status")
    assert looked.status == 0 and "Job ftjob-1 on base-1 is queued." in looked.out
    followed = run("finetune", "status", "--follow")
    assert followed.status == 0 and "The model is ft:base-1:org::1." in followed.out
    assert [followed.err.count(f"Step {step}:") for step in (1, 2, 3)] == [1, 1, 0]
    assert "Step" not in run("finetune", "status", "--follow").err
    again = run("finetune", "submit", files[0], "--no-follow")
    assert again.status == 0 and "Job ftjob-2" in again.out
    assert server.requests.count("POST /v1/files") == 1
    assert run("finetune", "status", "ftjob-1").out.startswith("Job ftjob-1 on base-1 is succeeded.")


def test_a_job_that_fails_says_why(run: Run, server: FineTuningServer, files: tuple[Path, Path]) -> None:
    server.course = FAILS
    done = run("finetune", "submit", files[0])
    assert done.status == 1
    assert "Job ftjob-1 failed: line 1 is wrong." in done.err
    assert run("finetune", "status").status == 1


def test_a_job_is_cancelled_once(run: Run, server: FineTuningServer, files: tuple[Path, Path]) -> None:
    run("finetune", "submit", files[0], "--no-follow")
    assert "Job ftjob-1 is cancelled." in run("finetune", "cancel").out
    again = run("finetune", "cancel", "ftjob-1")
    assert again.status == 1 and "the job has cancelled already" in again.err


def test_files_with_errors_are_not_sent(run: Run, server: FineTuningServer, files: tuple[Path, Path]) -> None:
    with files[0].open("a") as out:
        out.write(json.dumps({"messages": []}) + "\n")
    done = run("finetune", "submit", files[0])
    assert done.status == 1 and "nothing was sent" in done.err and "has no messages" in done.err
    assert server.requests == []


def test_faults_that_pass_are_tried_again_and_others_are_told(
    run: Run, server: FineTuningServer, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults += [fails(503)]
    assert run("finetune", "submit", files[0], "--no-follow").status == 0
    monkeypatch.setenv("CANDOR_LLM_API_KEY", "sk-another")
    refused = run("finetune", "status")
    assert refused.status == 1
    assert "The server refused (HTTP 401): Incorrect API key provided." in refused.err
    monkeypatch.setenv("CANDOR_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    assert "cannot be reached" in run("finetune", "status").err


def test_what_is_missing_is_said(
    run: Run, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    none = run("finetune", "status")
    assert none.status == 1 and "Here is no job yet" in none.err
    assert "no job ftjob-9" in run("finetune", "cancel", "ftjob-9").err
    assert run("finetune", "submit", files[0], "--use", "--no-follow").status == 1
    (data / "finetuning").mkdir(parents=True, exist_ok=True)
    (data / "finetuning" / "jobs.json").write_text("{")
    assert "jobs.json is damaged" in run("finetune", "status").err
    for name in ("BASE_URL", "API_KEY", "MODEL"):
        monkeypatch.delenv(f"CANDOR_LLM_{name}")
    assert "Which model" in run("finetune", "submit", files[0]).err
    assert "Set CANDOR_LLM_API_KEY" in run("finetune", "submit", files[0], "--model", "m").err
