"""The gold questions: that their files are sound and independent, and that the real chain gets them right."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from app.services import Services
from bench.gold import GOLD, put_to
from knowledge.import_paths import parse_path
from learning.evaluation.gold import GoldError, GoldQuestion, GoldResult, Kind, Side, load_gold, score
from pipeline.types import Message, Outcome, Role

SEEDS = GOLD.parent
FLOOR = 0.87  # `python -m bench.gold` shows 0.90 of both; arithmetic differs a little between processors
TOO_ALIKE = 0.8
ROW = {"id": "g-1", "message": "is it safe?", "expect": "answered", "entry_ids": ["safe"], "kind": "plain"}


@pytest.fixture(scope="module")
def gold() -> tuple[GoldQuestion, ...]:
    return load_gold(GOLD)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def results(seeded_services: Services, gold: tuple[GoldQuestion, ...]) -> tuple[GoldResult, ...]:
    return await put_to(seeded_services, gold)


async def test_the_chain_answers_right_and_refuses_right(results: tuple[GoldResult, ...]) -> None:
    figures = score(results)
    assert float(figures.right_cited) >= FLOOR, f"right cited {figures.right_cited}"
    assert float(figures.not_answered) >= FLOOR, f"not answered {figures.not_answered}"


def test_there_are_enough_of_each_sort(gold: tuple[GoldQuestion, ...]) -> None:
    answerable = [question for question in gold if question.answerable]
    kinds = Counter(question.kind for question in gold)
    assert len(answerable) >= 200
    assert kinds[Kind.FOLLOW_UP] >= 50
    assert len(gold) - len(answerable) >= 100
    assert kinds[Kind.OFF_TOPIC] >= 25
    assert kinds[Kind.NEAR_DOMAIN] >= 30
    assert kinds[Kind.FRAGMENT] >= 10
    assert kinds[Kind.SMALL_TALK] >= 15
    assert kinds[Kind.UNSAFE] + kinds[Kind.INJECTION] + kinds[Kind.CRISIS] >= 20
    dev = sum(question.side is Side.DEV for question in gold) / len(gold)
    assert 0.4 < dev < 0.6


def test_each_entry_is_asked_for_and_exists(gold: tuple[GoldQuestion, ...]) -> None:
    entries = {entry.id for entry in parse_path(SEEDS / "kb").entries}
    wanted = {entry_id for question in gold for entry_id in question.entry_ids}
    assert wanted <= entries, wanted - entries
    best = {question.entry_ids[0] for question in gold if question.answerable}
    assert len(best & entries) >= 0.95 * len(entries), entries - best


def test_follow_ups_have_history_and_end_with_the_assistant(gold: tuple[GoldQuestion, ...]) -> None:
    for question in gold:
        history = question.question.history
        assert history or question.kind is not Kind.FOLLOW_UP, question.id
        assert len(history) <= 6, question.id
        roles = [said.role for said in history]
        assert roles == [Role.USER, Role.ASSISTANT] * (len(history) // 2), question.id


def test_none_copies_what_the_service_is_built_or_calibrated_on(gold: tuple[GoldQuestion, ...]) -> None:
    known = [(plain(text), words(text)) for text in seed_texts()]
    assert len(known) > 2000
    copies = []
    for question in gold:
        text, asked = plain(question.question.text), words(question.question.text)
        copies += [
            (question.id, other)
            for other, theirs in known
            if text == other or alike(asked, theirs) >= TOO_ALIKE
        ]
    assert copies == []


def test_no_message_is_there_twice(gold: tuple[GoldQuestion, ...]) -> None:
    asked = Counter((plain(question.question.text), question.question.history) for question in gold)
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


def test_a_row_is_read_with_its_history(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    history = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]
    file.write_text(json.dumps(ROW | {"history": history}) + "\n\n", "utf-8")
    (question,) = load_gold(file)
    assert question.question.text == "is it safe?"
    assert question.question.history == (Message(Role.USER, "hi"), Message(Role.ASSISTANT, "Hello."))
    assert (question.expect, question.entry_ids) == (Outcome.ANSWERED, ("safe",))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: Invalid JSON"),
        (json.dumps(ROW | {"id": "g-2", "expect": "maybe"}), "line 2: expect: "),
        (json.dumps(ROW | {"id": "g-2", "mesage": "typo"}), "line 2: mesage: "),
        (json.dumps(ROW | {"id": "g-2", "entry_ids": []}), "line 2: .*entry_ids belong to"),
        (json.dumps(ROW | {"id": "g-2", "expect": "off_topic"}), "line 2: .*entry_ids belong to"),
        (json.dumps(ROW), "line 2: the id g-1 was used at gold.jsonl line 1"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "gold.jsonl").write_text(f"{json.dumps(ROW)}\n{line}\n", "utf-8")
    with pytest.raises(GoldError, match=reason):
        load_gold(tmp_path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="no gold questions"):
        load_gold(tmp_path)


def test_scores_tell_the_sorts_apart(tmp_path: Path) -> None:
    rows = [ROW | {"id": f"g-{n}", "entry_ids": ["safe", "too"]} for n in range(4)]
    rows += [{"id": f"n-{n}", "message": "x", "expect": "off_topic", "kind": "off_topic"} for n in range(3)]
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    gold = load_gold(tmp_path)
    became = [
        (Outcome.ANSWERED, ("too", "other")),
        (Outcome.ANSWERED, ("other", "safe")),
        (Outcome.ANSWERED, ("other",)),
        (Outcome.NO_ANSWER, ()),
        (Outcome.OFF_TOPIC, ()),
        (Outcome.CLARIFY, ()),
        (Outcome.ANSWERED, ("safe",)),
    ]
    figures = score(
        GoldResult(question, outcome, cited) for question, (outcome, cited) in zip(gold, became, strict=True)
    )
    assert str(figures.right_cited) == "0.500 (2/4)"
    assert str(figures.right_first) == "0.250 (1/4)"
    assert str(figures.refused) == "0.250 (1/4)"
    assert str(figures.not_answered) == "0.667 (2/3)"
    assert str(figures.exact) == "0.571 (4/7)"
    assert str(figures.by_kind[Kind.OFF_TOPIC]) == "0.667 (2/3)"
