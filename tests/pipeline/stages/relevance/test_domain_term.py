from __future__ import annotations

import pytest

from knowledge.types import Entry, Hit, Passage, View
from pipeline.english.normalising import Slang
from pipeline.stages.relevance.domain_term import DomainTerms

SLANG = Slang({"u": "you"}, {"span": "bridge", "fluke": "whale"})
ENTRIES = [
    *(Entry(f"bridge-{n}", f"Is bridge number {n} open?", "Yes.") for n in range(12)),
    *(Entry(f"ferry-{n}", f"When does ferry {n} leave?", "At noon.") for n in range(3)),
    *(Entry(f"other-{n}", "How tall am I?", "Who knows.") for n in range(9)),
]


def found(question: str, passage: str = "", view: View = View.QUESTION) -> Hit:
    entry = Entry("any", question, "It is.")
    text = passage or question
    return Hit(entry, Passage("any", view, text, 0, len(text)), 0.5, 0.5, 0.5, 0.5)


SUBJECT = DomainTerms.of(ENTRIES, SLANG)


def test_what_half_of_the_questions_share_is_the_subject() -> None:
    assert SUBJECT.stems == {"bridg", "number", "open"}


def test_a_knowledge_base_about_this_and_that_has_none() -> None:
    mixed = [Entry(f"e{n}", f"What is thing{chr(97 + n)}?", "A thing.") for n in range(24)]
    assert not DomainTerms.of(mixed, SLANG).stems
    assert not DomainTerms.of(ENTRIES[:10], SLANG).stems, "so few may share a word by chance"


@pytest.mark.parametrize(
    ("said", "left_out"),
    [
        ("can I catch a cold", True),
        ("can I catch a cold on a bridge", False),
        ("can I catch a cold on the Bridges", False),
        ("can I catch a cold on the brigde", False),
        ("can I catch a cold on the span", False),
        ("can I catch a cold on the fluke", True),
    ],
)
def test_a_message_names_the_subject_or_leaves_it_out(said: str, *, left_out: bool) -> None:
    assert SUBJECT.left_out(said, found("Can I catch a cold on the bridge?")) is left_out


def test_nothing_is_left_out_where_what_was_found_does_not_name_the_subject() -> None:
    assert not SUBJECT.left_out("can I catch a cold", found("Can I catch a cold?"))
    other_wording = found("Can I catch a cold on the bridge?", "catching a cold", View.ALTERNATE)
    assert not SUBJECT.left_out("can I catch a cold", other_wording)


def test_a_piece_of_an_answer_speaks_of_what_its_question_names() -> None:
    piece = found("Can I catch a cold on the bridge?", "Colds are rare.", View.CHUNK)
    assert SUBJECT.left_out("can I catch a cold", piece)
