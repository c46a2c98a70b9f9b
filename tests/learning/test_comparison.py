from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.comparison.measures import Judge, house_lines
from bench.comparison.table import print_table
from bench.grounding import SILENT
from knowledge.types import Entry
from pipeline.stages.grounding.grounding_check import SpecialistGroundingCheck
from tests.fakes import AsyncHashEncoder

ENTRIES = {
    "hours": Entry("hours", "When is the library open?", "The library opens at nine. It closes at six."),
    "card": Entry("card", "What does a card cost?", "A library card costs twelve crowns a year."),
}
VOICE = 'no_answer:\n  - "I have no reviewed answer on {topics}, I am afraid."\n'


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    (tmp_path / "voice.yaml").write_text(VOICE, "utf-8")
    check = SpecialistGroundingCheck(AsyncHashEncoder(), SILENT)
    return Judge(check, ENTRIES, house_lines(tmp_path / "voice.yaml"))


async def test_an_answer_in_the_words_of_its_entry_is_right(judge: Judge) -> None:
    judged = await judge("The library opens at nine. It closes at six.", ["hours"])
    assert (judged.claims, judged.right, judged.made_up) == (2, 2, 0)


async def test_what_no_entry_says_is_made_up(judge: Judge) -> None:
    judged = await judge("The library opens at nine. Dogs get free ice cream on Mondays.", ["hours"])
    assert (judged.claims, judged.right, judged.made_up) == (2, 1, 1)


async def test_another_entry_is_neither_right_nor_made_up(judge: Judge) -> None:
    judged = await judge("A library card costs twelve crowns a year.", ["hours"])
    assert (judged.claims, judged.right, judged.made_up) == (1, 0, 0)


async def test_the_house_claims_nothing_whatever_fills_its_places(judge: Judge) -> None:
    assert (await judge("I have no reviewed answer on ships and harbours, I am afraid.", [])).claims == 0
    assert (await judge("Do you mean one of these? When is the library open?", [])).claims == 0


def test_the_table_tells_each_arm_that_was_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "talk.txt").write_text("User: hi\nChatbot: Hello there.\n", "utf-8")
    row = {
        "text": "It opens at nine.", "claims": 1, "right": 1, "made_up": 0,
        "processor_s": 0.5, "prompt_tokens": 10, "completion_tokens": 4,
    }  # fmt: skip
    asked = [{**row, "id": "1", "answerable": True}, {**row, "id": "2", "answerable": False}]
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "tuned.jsonl").write_text("\n".join(map(json.dumps, asked)), "utf-8")
    print_table([tmp_path / "suite"], tmp_path / "talk.txt")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("one fine-tuned model: n=2; facts right 1.000")
    assert "declines what nothing answers 0.000" in line
