"""The practical suites are sound: each has all kinds of questions, and none is copied from an entry."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from knowledge.blocks import read_blocks
from knowledge.types import BlockKind
from learning.evaluation.layouts.suites import load_suite

PRACTICAL = Path(__file__).parents[4] / "seeds" / "practical"
SIDES = ("dev", "held")
"""Beside them are suites of near neighbours, which ask in fewer ways."""
FOLDERS = sorted(path for side in SIDES for path in (PRACTICAL / side).iterdir() if path.is_dir())
FEWEST = {
    **{"messy": 30, "near": 12, "statement/true": 5, "statement/false": 5},
    **{"double": 4, "half": 2, "vague": 3, "follow_up": 4, "curated": 4},
}


def test_there_are_some_to_tune_on_and_some_to_check_on() -> None:
    sides = Counter(path.parent.name for path in FOLDERS)
    assert sides.keys() == set(SIDES)
    assert min(sides.values()) >= 3


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_suite_asks_in_every_way(folder: Path) -> None:
    suite = load_suite(folder)
    kinds = Counter(case.kind for case in suite.cases)
    assert kinds.keys() == FEWEST.keys()
    assert [kind for kind, fewest in FEWEST.items() if kinds[kind] < fewest] == []
    for case in suite.cases:
        assert case.answerable is (case.kind != "near"), case.id
        assert case.needs_all is (case.kind == "double"), case.id
        assert bool(case.question.history) is (case.kind == "follow_up"), case.id
    asked = {entry_id for case in suite.cases for entry_id in case.entry_ids}
    assert asked == {entry.id for entry in suite.entries}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_messages_are_no_curated_wording(folder: Path) -> None:
    suite = load_suite(folder)
    known = {text.lower() for entry in suite.entries for text in (entry.question, *entry.alternates)}
    messages = [case.question.text.lower() for case in suite.cases if case.kind != "curated"]
    assert known.isdisjoint(messages)
    assert len(set(messages)) == len(messages)


def test_answers_are_written_as_people_write_them() -> None:
    answers = [entry.answer for folder in FOLDERS for entry in load_suite(folder).entries]
    kinds = Counter(block.kind for answer in answers for block in read_blocks(answer))
    assert kinds[BlockKind.LIST] >= 50
    assert kinds[BlockKind.TABLE] >= 6
    assert kinds[BlockKind.CODE] >= 2
    assert sum(len(answer.split()) > 200 for answer in answers) >= 7
