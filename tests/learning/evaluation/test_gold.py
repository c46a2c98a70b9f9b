"""The gold questions: that their file is sound and independent, and that the real chain gets them right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
import yaml

from app.cli.evaluation import run_questions
from knowledge.importing.paths import parse_path
from learning.evaluation.layouts.suites import load_suite
from learning.evaluation.records import Estimate, Suite
from learning.evaluation.statistics.figures import figures_of
from pipeline.types import Role
from tests.conftest import SEEDS
from tests.fakes import settings

pytestmark = pytest.mark.slow

AT_LEAST = {
    "right alone": 0.5,  # a composer that loses words, or a judge that only offers: 0; the second entry: .03
    "right alone or offered": 0.88,  # a judge that always answers: .87; no grounding: .34
    "right alone or offered [follow_up]": 0.77,  # a rewriter that does nothing: .73
    "no answer there: refused": 0.6,  # an open gate: .44
}
AT_MOST = {
    "wrong": 0.05,  # a judge that always answers: .10
    "no answer there: answered": 0.12,  # the same: .30
    "incomplete": 0.02,  # a composer that loses words: .24
    "right but mixed": 0.02,
}
"""Where a broken stage falls through (beside each: what it gives) and no processor does: between processors
figures differ by up to .013 (see docs/decisions.md)."""
TOO_ALIKE = 0.8


@pytest.fixture(scope="module")
def gold() -> Suite:
    return load_suite(SEEDS / "gold")


@pytest.fixture(scope="module")
def replies(gold: Suite, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Estimate]:
    using = settings(tmp_path_factory.mktemp("gold"), seeds_dir=SEEDS)
    (run,) = run_questions([gold], using, lambda share, doing: None)
    return figures_of(run).sections["replies"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("figure", AT_LEAST)
def test_the_chain_is_right_often_enough(replies: Mapping[str, Estimate], figure: str) -> None:
    assert replies[figure].value >= AT_LEAST[figure]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("figure", AT_MOST)
def test_the_chain_is_wrong_seldom_enough(replies: Mapping[str, Estimate], figure: str) -> None:
    assert replies[figure].value <= AT_MOST[figure]


def test_there_are_enough_of_each_sort(gold: Suite) -> None:
    answerable = [case for case in gold.cases if case.answerable]
    kinds = Counter(case.kind for case in gold.cases)
    assert len(answerable) >= 200
    assert kinds["follow_up"] >= 50
    assert len(gold.cases) - len(answerable) >= 100
    assert kinds["off_topic"] >= 25
    assert kinds["near_domain"] >= 30
    assert kinds["fragment"] >= 10
    assert kinds["small_talk"] >= 15
    assert kinds["unsafe"] + kinds["injection"] + kinds["crisis"] >= 20


def test_nearly_each_entry_is_asked_for(gold: Suite) -> None:
    entries = {entry.id for entry in parse_path(SEEDS / "kb").entries}
    best = {case.entry_ids[0] for case in gold.cases if case.answerable}
    assert len(best & entries) >= 0.95 * len(entries), entries - best


def test_follow_ups_have_history_and_end_with_the_assistant(gold: Suite) -> None:
    for case in gold.cases:
        history = case.question.history
        assert history or case.kind != "follow_up", case.id
        assert len(history) <= 6, case.id
        roles = [said.role for said in history]
        assert roles == [Role.USER, Role.ASSISTANT] * (len(history) // 2), case.id


def test_none_copies_what_the_service_is_built_or_calibrated_on(gold: Suite) -> None:
    known = [(plain(text), words(text)) for text in seed_texts()]
    assert len(known) > 2000
    copies = []
    for case in gold.cases:
        text, asked = plain(case.question.text), words(case.question.text)
        copies += [
            (case.id, other) for other, theirs in known if text == other or alike(asked, theirs) >= TOO_ALIKE
        ]
    assert copies == []


def test_no_message_is_there_twice(gold: Suite) -> None:
    asked = Counter((plain(case.question.text), case.question.history) for case in gold.cases)
    assert [message for message, count in asked.items() if count > 1] == []


def plain(text: str) -> str:
    return " ".join(text.lower().split())


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower().replace("'", "").replace("’", "")))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index; texts without a word are alike to none."""
    return len(one & other) / len(one | other) if one and other else 0.0


def seed_texts() -> Iterator[str]:
    for entry in parse_path(SEEDS / "kb").entries:
        yield from (entry.question, *entry.alternates, *entry.misconceptions)
    for file in SEEDS.glob("*.yaml"):
        yield from strings(yaml.safe_load(file.read_text("utf-8")))


def strings(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from strings(value)
    elif isinstance(data, list):
        for item in data:
            yield from strings(item)
