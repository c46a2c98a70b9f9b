"""`candor eval`: a suite put to the real chain, kept, shown and compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from learning.evaluation.records import SuiteRun
from learning.evaluation.report.last_report import read_report
from learning.evaluation.saved_runs import runs_from_json
from pipeline.types import Outcome
from tests.commands import TOPIC, Run

ASKED = [
    {"id": "a", "message": "is mercury in them?", "kind": "real/plain", "entry_ids": ["mercury-thiomersal"]},
    {"id": "b", "message": "do shots contain microchips", "kind": "real/plain", "entry_ids": ["microchips"]},
    {"id": "c", "message": "who won the football match yesterday", "kind": "outside", "expect": "off_topic"},
]  # fmt: skip


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "ingredients"
    shutil.copytree(TOPIC, folder / "kb")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, ASKED)), "utf-8")
    return folder


@pytest.mark.process
def test_a_suite_is_measured_kept_shown_and_compared(
    run: Run, own: Path, suite: Path, tmp_path: Path
) -> None:
    before = sorted(path for path in own.rglob("*") if path.is_file())
    saved, page = tmp_path / "run.json", tmp_path / "page.html"
    done = run("eval", suite, "--limit", 2, "--json", saved, "--html", page)
    assert done.status == 0, done.err
    assert "right first" in done.out
    assert "questions of ingredients" in done.err
    (seen,) = runs_from_json(saved.read_text("utf-8"))
    check(seen)
    assert "ingredients" in page.read_text("utf-8")
    kept = own / "evaluation.json"  # for the console
    assert sorted(path for path in own.rglob("*") if path.is_file()) == sorted([*before, kept])
    report = read_report(own)
    assert report is not None and [(each.suite, each.asked) for each in report.suites] == [("ingredients", 3)]
    compared = run("eval", "--compare", saved, saved)
    assert compared.status == 0, compared.err
    assert "3 cases in both runs" in compared.out
    assert compared.err == ""  # nothing was run


def check(seen: SuiteRun) -> None:
    by_id = {result.case.id: result for result in seen.cases}
    assert seen.suite == "ingredients"
    assert {"version", "encoder", "gate", "relevance"} <= seen.system.keys()
    assert by_id["a"].right_first
    assert by_id["b"].right_first
    assert by_id["c"].outcome is not Outcome.ANSWERED
    assert {result.pair.positive for result in seen.relevance} == {True, False}
    verbatim = [result.probability for result in seen.grounding if result.pair.kind == "verbatim"]
    assert len(verbatim) == 2
    assert min(verbatim) > 0.9


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "this is no suite"), ("{", "questions.jsonl line 1: "), ("", "the suite is empty")],
)
def test_a_folder_that_is_no_suite_is_told_in_one_line(
    run: Run, tmp_path: Path, text: str | None, reason: str
) -> None:
    folder = tmp_path / "suite"
    folder.mkdir()
    if text is not None:
        (folder / "questions.jsonl").write_text(text, "utf-8")
        shutil.copytree(TOPIC, folder / "kb")
    done = run("eval", folder)
    assert (done.status, done.out) == (1, "")
    assert reason in done.err
    assert len(done.err.splitlines()) == 1


def test_a_run_that_could_not_be_kept_is_not_begun(run: Run, suite: Path, tmp_path: Path) -> None:
    for option in ("--json", "--html"):
        done = run("eval", suite, option, tmp_path / "nowhere" / "file")
        assert (done.status, done.out) == (1, "")
        assert "no such folder" in done.err


def test_what_is_no_saved_run_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text('{"format": 9}', "utf-8")
    for arguments in (
        (file,),
        ("--compare", file, tmp_path),
        ("--compare", tmp_path / "none.json", tmp_path),
    ):
        done = run("eval", *arguments)
        assert (done.status, done.out, len(done.err.splitlines())) == (1, "", 1)
