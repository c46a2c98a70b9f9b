"""What becomes of a question is read off the reply: the whole right answer, and nothing else."""

from __future__ import annotations

import pytest

from knowledge.types import Entry
from learning.evaluation.fates import Fate, Wanted, fate_of, without_marks
from pipeline.types import Citation, Outcome, Reply

STEPS = Entry("steps", "How is tea made?", "Boil water first.\n\n1. Warm the pot.\n2. Pour.\n\nWait a while.")
PRICE = Entry(
    "price", "What is tea?", "| Tea | Price |\n|---|---|\n| Green | 2 |\n\nNo refunds for opened tins."
)
LONG = Entry("long", "Why tea?", "## First\n\nOne thing is good.\n\nAnother is too.\n\n## Then\n\nThe rest.")
ENTRIES = {entry.id: entry for entry in (STEPS, PRICE, LONG)}


def reply(*pieces: str | tuple[str, str], outcome: Outcome = Outcome.ANSWERED) -> Reply:
    """House text as it stands, and texts with the entry that they cite, each with its mark behind it."""
    text, citations, numbers = "", [], dict[str, int]()
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        said, entry_id = piece
        number = numbers.setdefault(entry_id, len(numbers) + 1)
        start = len(text)
        citations.append(Citation(number, entry_id, "", None, start, start + len(said)))
        text += f"{said} [{number}]"
    return Reply(text, outcome, tuple(citations))


def fate(said: Reply, *entry_ids: str, needs_all: bool = False, whole_words: int = 100) -> Fate:
    return fate_of(said, Wanted(entry_ids, needs_all, whole_words), ENTRIES)


WHOLE = (
    ("Boil water first.", "steps"),
    "\n\n",
    ("1. Warm the pot.\n2. Pour.", "steps"),
    "\n\n",
    ("Wait a while.", "steps"),
)


def test_the_whole_answer_with_a_mark_at_each_block_is_right_alone() -> None:
    assert fate(reply(*WHOLE), "steps") is Fate.RIGHT_ALONE
    assert fate(reply("I see. ", *WHOLE, " Take care."), "steps") is Fate.RIGHT_ALONE
    assert fate(reply(*WHOLE), "price", "steps") is Fate.RIGHT_ALONE


def test_a_mark_below_a_table_is_no_part_of_it() -> None:
    table, rest = PRICE.answer.split("\n\n")
    text = f"{table}\n\n [1]\n\n{rest} [1]"
    spans = [(0, len(table)), (text.index(rest), text.index(rest) + len(rest))]
    said = Reply(text, Outcome.ANSWERED, tuple(Citation(1, "price", "", None, *span) for span in spans))
    assert fate(said, "price") is Fate.RIGHT_ALONE


@pytest.mark.parametrize(
    "pieces",
    [
        WHOLE[2:],  # a block is missing
        (("Boil water first.\n\n1. Warm the pot.\n\nWait a while.", "steps"),),  # an item
        (("Boil water first.\n\n1. Warm the pot. 2. Pour.\n\nWait a while.", "steps"),),  # a line break
        (*WHOLE[2:], "\n\n", WHOLE[0]),  # the order
    ],
)
def test_what_loses_a_block_a_line_or_the_order_is_incomplete(
    pieces: tuple[str | tuple[str, str], ...],
) -> None:
    assert fate(reply(*pieces), "steps") is Fate.INCOMPLETE


def test_more_than_the_answer_is_mixed() -> None:
    assert fate(reply(*WHOLE, " ", ("No refunds for opened tins.", "price")), "steps") is Fate.MIXED
    assert fate(reply(*WHOLE, "\n", "No refunds for opened tins."), "steps") is Fate.MIXED
    assert fate(reply(*WHOLE, " ", ("Add milk, some say.", "steps")), "steps") is Fate.MIXED


def test_an_answer_without_the_right_entry_is_wrong() -> None:
    assert fate(reply(*WHOLE), "price") is Fate.WRONG


def test_of_two_questions_each_needs_its_answer() -> None:
    both = (*WHOLE, "\n\n", (PRICE.answer, "price"))
    assert fate(reply(*both), "steps", "price", needs_all=True) is Fate.RIGHT_ALONE
    assert fate(reply(*WHOLE), "steps", "price", needs_all=True) is Fate.INCOMPLETE
    assert fate(reply(*both, " ", ("The rest.", "long")), "steps", "price", needs_all=True) is Fate.MIXED
    assert fate(reply(*both), "steps", "price") is Fate.MIXED


def test_of_a_long_answer_whole_blocks_in_order_are_enough() -> None:
    first, second, last = (
        ("One thing is good.", "long"),
        ("## First\n\nAnother is too.", "long"),
        ("The rest.", "long"),
    )
    assert fate(reply(first, "\n\n", last, "\n\nThere is more."), "long", whole_words=5) is Fate.RIGHT_ALONE
    assert fate(reply(second), "long", whole_words=5) is Fate.RIGHT_ALONE
    assert fate(reply(first, "\n\n", last), "long") is Fate.INCOMPLETE
    assert fate(reply(last, "\n\n", first), "long", whole_words=5) is Fate.INCOMPLETE
    assert fate(reply(("One thing is", "long")), "long", whole_words=5) is Fate.INCOMPLETE


def test_a_choice_counts_where_the_right_question_is_among_it() -> None:
    def offer(*questions: str, outcome: Outcome = Outcome.CLARIFY) -> Reply:
        return Reply("Which one?", outcome, (), questions)

    assert fate(offer(PRICE.question, STEPS.question), "steps") is Fate.OFFERED
    assert fate(offer(PRICE.question), "steps") is Fate.REFUSED
    assert fate(offer(STEPS.question, outcome=Outcome.NO_ANSWER), "steps") is Fate.REFUSED
    assert fate(offer(), "steps") is Fate.REFUSED
    assert fate(offer(PRICE.question)) is Fate.OFFERED


def test_what_nothing_answers_is_answered_or_refused() -> None:
    assert fate(reply(*WHOLE)) is Fate.ANSWERED
    assert fate(reply("No.", outcome=Outcome.SMALL_TALK)) is Fate.REFUSED


def test_marks_of_the_reply_alone_are_taken_out() -> None:
    assert (
        without_marks("See names[0] [1] and [2].\r\n\n\n\nEnd [1]  ", (1,)) == "See names[0] and [2].\n\nEnd"
    )
