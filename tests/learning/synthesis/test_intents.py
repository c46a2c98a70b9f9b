"""What a message really asks: taken from made-up and from stored conversations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.failures import Failed
from app.cli.tuning.intent_pairs import extract
from app.cli.tuning.own_retriever import read_questions, worded
from app.compose.services import prepared_database
from app.store.turns.conversations import ConversationStore, Rating
from app.store.turns.reviewed_turns import confirmed_exchanges
from knowledge.types import Entry
from learning.synthesis.intents import STORED, Intent, made_up, stored, write_intents
from learning.training.config import TrainingFailed
from learning.training.corpora import Asked
from learning.training.rewrites import read_rewrites
from pipeline.types import Message, Role
from tests.fakes import answered, settings

CARD = Entry("card", "What does a library card cost?", "It costs 20 euros.")
HISTORY = (Message(Role.USER, "I want a library card"), Message(Role.ASSISTANT, "Come to any branch. [1]"))


def intents_of(
    message: str, history: tuple[Message, ...] = HISTORY, ids: tuple[str, ...] = ("card",)
) -> list[Intent]:
    return list(stored([("c1", history, message, ids)], {"card": CARD}))


def test_a_confirmed_follow_up_asks_the_question_of_its_entry() -> None:
    (intent,) = intents_of("and what does it cost?")
    assert (intent.question, intent.needed, intent.source) == (CARD.question, True, STORED)


def test_a_message_that_says_it_all_is_left_alone() -> None:
    (intent,) = intents_of("what is the cost of a library card")
    assert not intent.needed


@pytest.mark.parametrize(
    ("message", "history", "ids"),
    [
        ("how much", (), ("card",)),
        ("and parking?", (HISTORY[1],), ("card",)),
        ("how much", HISTORY, ("gone",)),
    ],
)
def test_what_tells_nothing_is_left_out(
    message: str, history: tuple[Message, ...], ids: tuple[str, ...]
) -> None:
    assert intents_of(message, history, ids) == []


def test_a_made_up_set_gives_follow_ups_in_full_and_others_as_they_are(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "library card?"}, {"role": "assistant", "content": "Yes. [1]"}]
    rows = [
        {"id": "1", "message": "its price", "kind": "answerable/pronoun", "entry_ids": ["card"]},
        {"id": "2", "message": "quick, card cost", "kind": "answerable/switch_plain", "entry_ids": ["card"]},
    ]
    asked = [row | {"history": said, "rewrite": CARD.question} for row in rows]
    (tmp_path / "kb.jsonl").write_text(json.dumps({"id": "card", "question": CARD.question, "answer": "20."}))
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    found = [*made_up(tmp_path)]
    assert [each.question for each in found] == [CARD.question, "quick, card cost"]
    file = tmp_path / "synthetic.jsonl"
    assert write_intents(file, found) == (2, 1)
    first, second = read_rewrites(Path("/elsewhere"), [str(file.with_suffix(""))])
    assert (first.needed, first.rewrite, second.needed) == (True, CARD.question, False)
    assert first.history == tuple(Message(Role(each["role"]), each["content"]) for each in said)


def test_a_folder_that_is_no_suite_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="nothing"):
        list(made_up(tmp_path / "nothing"))


def test_what_users_rated_up_is_what_is_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    using = settings(tmp_path)
    engine = prepared_database(using)
    store = ConversationStore(engine)
    opened = store.open(None)
    for place, message in enumerate(("what does it cost", "and for children?", "rubbish")):
        store.add(opened, f"m{place}", message, answered())
        opened = store.open(opened.id)
    for place, rating in enumerate((Rating.UP, Rating.UP, Rating.DOWN)):
        store.rate(f"m{place}", rating, None)
    found = list(confirmed_exchanges(engine))
    assert [(message, cited, len(history)) for _, history, message, cited in found] == [
        ("what does it cost", ("dna",), 0),
        ("and for children?", ("dna",), 2),
    ]
    entries = [Entry("dna", "What is DNA?", "A molecule.", alternates=("tell me of dna",)), CARD]
    assert worded(entries, engine) == [
        Asked("tell me of dna", ("dna",)),
        Asked("what does it cost", ("dna",)),
    ]
    assert worded([CARD], engine) == []
    monkeypatch.setattr("app.cli.tuning.intent_pairs.read_settings", lambda: using)
    with pytest.raises(Failed):
        extract(tmp_path / "out.jsonl", (), True)  # the entry is not in the knowledge base any more


def test_real_questions_are_read_from_lines_or_a_suite(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "message": "how much", "kind": "real", "entry_ids": ["card", "gone"]},
        {"id": "2", "message": "who won", "kind": "real"},
    ]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    asked = [Asked("how much", ("card",))]
    assert list(read_questions(tmp_path / "questions.jsonl", {"card"})) == asked
    (tmp_path / "kb.jsonl").write_text(
        "".join(json.dumps({"id": key, "question": "A?", "answer": "B."}) + "\n" for key in ("card", "gone"))
    )
    assert list(read_questions(tmp_path, {"card"})) == asked
    (tmp_path / "questions.jsonl").write_text("[]\n", "utf-8")
    with pytest.raises(Failed, match="line 1"):
        list(read_questions(tmp_path / "questions.jsonl", {"card"}))
