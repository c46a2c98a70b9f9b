"""Suites: our own layout read strictly, foreign ones recognised by their files, samples of one make-up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from learning.evaluation.layouts.passages import passage_of
from learning.evaluation.layouts.rows import SuiteError
from learning.evaluation.layouts.sampling import sampled
from learning.evaluation.layouts.suites import load_suite
from learning.evaluation.records import Case, Suite
from pipeline.types import Message, Outcome, Question, Role

Row = Mapping[str, Any]
KB = [
    {"id": "tea", "question": "How is tea made?", "answer": "Pour hot water on it. Wait four minutes."},
    {"id": "milk", "question": "Where does milk come from?", "answer": "Milk comes from cows."},
]
ASKED = {"id": "q1", "message": "tea, how?", "kind": "plain", "entry_ids": ["tea"]}
PAIR = {"id": "p1", "text": "tea, how?", "passage": "Boil it. Pour it.", "positive": True, "kind": "made"}


def write(folder: Path, **files: Sequence[Row]) -> Path:
    """A folder with a JSON lines file for each name."""
    folder.mkdir(exist_ok=True)
    for name, rows in files.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join([*lines, ""]), "utf-8")
    return folder


def by_id(suite: Suite) -> dict[str, Case]:
    return {case.id: case for case in suite.cases}


def test_a_folder_of_our_own_is_read_whole(tmp_path: Path) -> None:
    history = [{"role": "user", "content": "tea?"}, {"role": "assistant", "content": "Yes."}]
    follow_up = {
        **ASKED,
        "id": "q2",
        "message": "how is it made",
        "history": history,
        "rewrite": "how is tea made",
    }
    outside = {"id": "q3", "message": "and chess?", "kind": "outside/games", "expect": "off_topic"}
    anything_else = {"id": "q4", "message": "whatever", "kind": "outside/games"}
    folder = write(
        tmp_path / "drinks",
        kb=KB,
        questions=[ASKED, follow_up, outside, anything_else],
        relevance_pairs=[PAIR | {"passage": "Where does milk come from? Milk comes from cows."}],
        grounding_pairs=[PAIR | {"group": "g"}],
    )
    suite = load_suite(folder)
    cases = by_id(suite)
    assert suite.name == "drinks"
    assert [entry.id for entry in suite.entries] == ["tea", "milk"]
    assert cases["q1"].expect is Outcome.ANSWERED
    assert cases["q2"].question.history[1] == Message(Role.ASSISTANT, "Yes.")
    assert cases["q2"].rewrite == "how is tea made"
    assert (cases["q3"].expect, cases["q4"].expect) == (Outcome.OFF_TOPIC, None)
    assert [pair.group for pair in (*suite.relevance_pairs, *suite.grounding_pairs)] == ["p1", "g"]


def test_pairs_alone_bring_their_passages_as_entries(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, relevance_pairs=[PAIR, PAIR | {"id": "p2", "positive": False}]))
    (entry,) = suite.entries
    assert {pair.passage for pair in suite.relevance_pairs} == {passage_of(entry)}
    assert "Boil it." in entry.question and "Pour it." in entry.answer


def test_questions_without_grounding_pairs_get_altered_sentences_of_the_entries(tmp_path: Path) -> None:
    pairs = load_suite(write(tmp_path, kb=KB, questions=[ASKED])).grounding_pairs
    assert {pair.positive for pair in pairs} == {True, False}
    assert all((pair.text in pair.passage) is (pair.kind == "verbatim") for pair in pairs)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ASKED | {"id": "q2", "expect": "perhaps"}, "questions.jsonl line 2: expect: "),
        (ASKED | {"id": "q2", "mesage": "typo"}, "questions.jsonl line 2: mesage: "),
        (ASKED | {"id": "q2", "entry_ids": ["coffee"]}, "line 2: entry_ids: no entry is called coffee"),
        (ASKED | {"id": "q2", "expect": "off_topic"}, "line 2: .*entry_ids belong to"),
        (ASKED | {"id": "q2", "entry_ids": [], "expect": "answered"}, "line 2: .*entry_ids belong to"),
        (ASKED | {"id": "q2", "message": " "}, "line 2: message: "),
        (ASKED | {"id": "q2", "all": True}, "line 2: .*at least two entries"),
        (ASKED, "the id q1 is used twice"),
    ],
)
def test_a_bad_question_is_named(tmp_path: Path, row: Row, reason: str) -> None:
    with pytest.raises(SuiteError, match=reason):
        load_suite(write(tmp_path, kb=KB, questions=[ASKED, row]))


def test_a_knowledge_base_may_lie_beside_the_suite(tmp_path: Path) -> None:
    write(tmp_path / "kb", entries=KB)
    suite = load_suite(write(tmp_path / "asked", questions=[ASKED]))
    assert [entry.id for entry in suite.entries] == ["tea", "milk"]
    own = load_suite(write(tmp_path / "own", questions=[ASKED], kb=KB[:1]))
    assert [entry.id for entry in own.entries] == ["tea"]


def test_a_question_may_need_all_its_entries(tmp_path: Path) -> None:
    both = ASKED | {"entry_ids": ["tea", "milk"], "all": True}
    cases = by_id(load_suite(write(tmp_path, kb=KB, questions=[both, ASKED | {"id": "q2"}])))
    assert (cases["q1"].needs_all, cases["q2"].needs_all) == (True, False)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"questions": [ASKED]}, "needs a knowledge base"),
        ({"kb": [{"id": "tea"}], "questions": [ASKED]}, "kb.jsonl: .*question is missing"),
        ({"kb": KB, "relevance_pairs": [PAIR]}, "the passage of p1 is not the question and answer"),
        ({"grounding_pairs": [PAIR | {"positive": "yes"}]}, "grounding_pairs.jsonl line 1: positive: "),
        ({"questions": [], "kb": KB}, "the suite is empty"),
        ({"kb": KB}, "this is no suite"),
        ({}, "this is no suite"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused(
    tmp_path: Path, files: Mapping[str, Sequence[Row]], reason: str
) -> None:
    with pytest.raises(SuiteError, match=reason):
        load_suite(write(tmp_path, **files))


def test_what_is_no_text_or_no_folder_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "suite", kb=KB, questions=[ASKED])
    (folder / "questions.jsonl").write_bytes(b'{"id": "\xff"}')
    with pytest.raises(SuiteError, match="not UTF-8"):
        load_suite(folder)
    with pytest.raises(SuiteError, match="no such folder"):
        load_suite(tmp_path / "nowhere")


def faq(folder: Path, side: str = "dev", place: str = "") -> Path:
    """A folder like that of a question bot: what the crowd asked, what people really said, and more."""
    write(folder, kb=KB)
    rows: dict[str, list[Row]] = {
        "queries": [
            {"query": "tea?", "kb_ids": ["tea"], "kind": "crowd"},
            {"query": "How is tea made?", "kb_ids": ["tea"], "kind": "exact_kb_question"},
            {"query": "cocoa?", "kb_ids": [], "kind": "in_domain_no_kb_answer"},
        ],
        "real_user": [
            {"query": "brew", "kb_ids": ["tea", "milk"], "label": "answerable"},
            {"query": "hm", "kb_ids": ["tea"], "label": "needs_context_or_fragment"},
            {"query": "rubbish", "kb_ids": [], "label": "abuse_hate_or_rant"},
        ],
        "out_of_scope": [{"query": "chess", "label": "off_topic", "detail": None}],
        "dialog_acts": [{"text": "hello", "label": "greeting"}, {"text": "why?", "label": "query"}],
    }
    write(folder / place, **{f"{name}_{side}": some for name, some in rows.items()})
    return folder


def test_a_question_bots_messages_become_cases_by_label(tmp_path: Path) -> None:
    suite = load_suite(faq(tmp_path))
    seen = {case.question.text: (case.kind, case.expect, case.entry_ids) for case in suite.cases}
    assert seen == {
        "tea?": ("crowd", Outcome.ANSWERED, ("tea",)),
        "cocoa?": ("in_domain_no_kb_answer", Outcome.NO_ANSWER, ()),
        "brew": ("real/answerable", Outcome.ANSWERED, ("tea", "milk")),
        "hm": ("real/needs_context_or_fragment", Outcome.CLARIFY, ()),
        "rubbish": ("real/abuse_hate_or_rant", None, ()),
        "chess": ("outside/off_topic", Outcome.OFF_TOPIC, ()),
        "hello": ("act/greeting", Outcome.SMALL_TALK, ()),
    }


@pytest.mark.parametrize("place", ["", "held"])
def test_what_was_held_back_goes_before_what_was_tuned_on(tmp_path: Path, place: str) -> None:
    faq(tmp_path, "dev")
    assert "real_user_dev-1" in by_id(load_suite(tmp_path))
    faq(tmp_path, "held", place)
    assert {case.id.rpartition("-")[0].rpartition("_")[2] for case in load_suite(tmp_path).cases} == {"held"}


def test_a_damaged_foreign_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = faq(tmp_path) / "real_user_dev.jsonl"
    file.write_text(file.read_text("utf-8") + '{"query": ', "utf-8")
    with pytest.raises(SuiteError, match=r"real_user_dev\.jsonl line 4: Invalid JSON"):
        load_suite(tmp_path)


def test_conversations_keep_their_public_history_and_human_wording(tmp_path: Path) -> None:
    said = [{"role": "context", "text": "A heading"}, {"role": "user", "text": "tea?"}]
    turn = {"dataset": "talks", "history": said, "utterance": "how?", "rewrite": "how is tea made?"}
    rows: list[Row] = [
        turn | {"needs_rewrite": True},
        turn | {"needs_rewrite": True, "persona_used": True, "rewrite": "how is it made in my town?"},
        turn | {"needs_rewrite": False, "utterance": "where from is milk?", "rewrite": "Where is milk from?"},
        {**turn, "history": [], "needs_rewrite": False, "utterance": "tea?", "rewrite": "tea?"},
    ]
    suite = load_suite(write(tmp_path, dev_talks=rows))
    follow_up, alone, first = suite.cases
    assert follow_up.question.history == (Message(Role.USER, "tea?"),)
    assert (follow_up.rewrite, alone.rewrite, first.rewrite) == (
        "how is tea made?",
        "where from is milk?",
        "",
    )
    wordings = {entry.id: entry.question for entry in suite.entries}
    assert [wordings[case.entry_ids[0]] for case in suite.cases] == [
        "how is tea made?",
        "Where is milk from?",
        "tea?",
    ]


def test_passages_with_tasks_become_entries_and_cases(tmp_path: Path) -> None:
    passage = {"id": "a", "title": "Tea", "text": "Tea is brewed. It takes long."}
    task = {
        "id": "t",
        "history": [],
        "question": "tea?",
        "rewrite": None,
        "gold_passage_ids": ["a"],
        "answerability": "ANSWERABLE",
    }
    folder = write(
        tmp_path,
        kb_dev=[passage, passage | {"id": "b", "title": "Milk"}, passage | {"id": "c", "title": "Milk"}],
        tasks_dev=[task, task | {"id": "u", "answerability": "UNDERSPECIFIED"}],
    )
    suite = load_suite(folder)
    assert [entry.question for entry in suite.entries] == ["Tea", "Tea is brewed.", "Tea is brewed."]
    assert [(case.expect, case.entry_ids) for case in suite.cases] == [
        (Outcome.ANSWERED, ("a",)),
        (Outcome.CLARIFY, ()),
    ]


@pytest.mark.parametrize(
    ("file", "row", "truth"),
    [
        ("healthver_dev", {"id": "1", "question": "q", "claim": "c", "evidence": "e", "label": "Refutes"}, 0),
        ("begin_wow_dev", {"knowledge": "k", "response": "r", "label": "Fully attributable"}, 1),
        ("wice_held", {"id": "1", "claim": "c", "evidence": ["a", "b"], "label": "partially_supported"}, 0),
        (
            "faithdial_audit_dev",
            {"knowledge": "k", "response": "r", "labels": ["entailment"], "hallucinated": False},
            1,
        ),
    ],
)
def test_judged_sentences_become_grounding_pairs(tmp_path: Path, file: str, row: Row, truth: int) -> None:
    (pair,) = load_suite(write(tmp_path, **{file: [row]})).grounding_pairs
    assert pair.positive is bool(truth)


def test_questions_about_paragraphs_become_relevance_pairs(tmp_path: Path) -> None:
    row = {"id": "1", "context": "Tea is brewed. It takes long.", "question": "How?", "answerable": True}
    suite = load_suite(write(tmp_path, squad2_dev=[row, row | {"id": "2", "answerable": False}]))
    assert [pair.positive for pair in suite.relevance_pairs] == [True, False]
    assert len(suite.entries) == 1


def test_messages_from_outside_need_no_knowledge_base(tmp_path: Path) -> None:
    folder = write(
        tmp_path, chitchat=[{"text": "how are you"}], nq_open=[{"question": "who won", "answers": []}]
    )
    suite = load_suite(folder)
    assert [(case.kind, case.expect) for case in suite.cases] == [
        ("chitchat", Outcome.SMALL_TALK),
        ("nq_open", None),
    ]
    assert suite.entries == ()


def test_a_service_bots_intents_become_entries(tmp_path: Path) -> None:
    train = [
        {"text": "pay how", "intent": "PAY", "in_scope": True},
        {"text": "can I pay", "intent": "PAY", "in_scope": True},
    ]
    live: list[Row] = [
        {"text": "payment", "intent": "PAY", "in_scope": True},
        {"text": "hm", "intent": None, "in_scope": False},
    ]
    suite = load_suite(write(tmp_path, shop_train=train, shop_test=live))
    (entry,) = suite.entries
    assert (entry.id, entry.alternates) == ("shop.PAY", ("can I pay",))
    assert [case.entry_ids for case in suite.cases] == [("shop.PAY",), ()]


def test_a_sample_takes_as_many_of_each_kind_and_always_the_same() -> None:
    kinds = ["often"] * 40 + ["rare"] * 3
    suite = Suite(
        "s", cases=tuple(Case(str(n), Question("tea?"), None, kind) for n, kind in enumerate(kinds))
    )
    small = sampled(suite, 5)
    assert Counter(case.kind for case in small.cases) == {"often": 5, "rare": 3}
    assert small == sampled(suite, 5)
    assert small != sampled(suite, 5, seed=1)
    assert [case for case in suite.cases if case in small.cases] == list(small.cases)
