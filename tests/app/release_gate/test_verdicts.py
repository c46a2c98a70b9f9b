"""What becomes of a question, and which bars fall: pure."""

from __future__ import annotations

import pytest

from app.release_gate.bars import bars_of, counts_of
from app.release_gate.questions import Asked, Source, gathered
from app.release_gate.verdicts import Answer, Compared, Verdict, answer_of, compared
from app.settings import Settings
from app.store.turns.conversations import Rating
from learning.evaluation.fates import Fate
from pipeline.types import Message, Outcome, Question, Role
from tests.fakes import answered, entry

ENTRIES = {"dna": entry("dna", question="Can it change my DNA?", answer="No. It does not.")}
REFUSED = Answer(Outcome.NO_ANSWER, "I have no answer to that.")


def said(entry_id: str = "dna", reply: str = "No. [1]", fate: Fate | None = None) -> Answer:
    return Answer(Outcome.ANSWERED, reply, (entry_id,), fate=fate)


def asked(source: Source = Source.RECENT, **fields: object) -> Asked:
    return Asked(source, "ref", Question("does it?"), **fields)  # type: ignore[arg-type]


def gold(before: Fate, after: Fate) -> Compared:
    answers = [
        said(fate=fate) if fate is not Fate.REFUSED else Answer(Outcome.NO_ANSWER, "", fate=fate)
        for fate in (before, after)
    ]
    return compared(asked(Source.GOLD, entry_ids=("dna",), outcome=Outcome.ANSWERED), *answers)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (said(), said(), Verdict.SAME),
        (said(), said(reply="No, never. [1]"), Verdict.CHANGED),
        (said(), said("other"), Verdict.CHANGED),
        (said(), REFUSED, Verdict.REFUSED_NOW),
        (REFUSED, said(), Verdict.ANSWERED_NOW),
        (REFUSED, Answer(Outcome.OFF_TOPIC, "That is another subject."), Verdict.CHANGED),
    ],
)
def test_what_nobody_judged_is_told_by_its_replies(before: Answer, after: Answer, verdict: Verdict) -> None:
    found = compared(asked(), before, after)
    assert (found.verdict, found.is_lost) == (verdict, False)


@pytest.mark.parametrize(
    ("before", "after", "verdict", "is_lost"),
    [
        (Fate.RIGHT_ALONE, Fate.RIGHT_ALONE, Verdict.SAME, False),
        (Fate.RIGHT_ALONE, Fate.MIXED, Verdict.WORSE, False),
        (Fate.RIGHT_ALONE, Fate.WRONG, Verdict.WORSE, True),
        (Fate.RIGHT_ALONE, Fate.REFUSED, Verdict.REFUSED_NOW, True),
        (Fate.OFFERED, Fate.WRONG, Verdict.WORSE, False),
        (Fate.WRONG, Fate.REFUSED, Verdict.BETTER, False),
        (Fate.REFUSED, Fate.RIGHT_ALONE, Verdict.BETTER, False),
    ],
)
def test_what_is_known_to_be_right_tells_better_from_worse(
    before: Fate, after: Fate, verdict: Verdict, is_lost: bool
) -> None:
    found = gold(before, after)
    assert (found.verdict, found.is_lost) == (verdict, is_lost)


def test_an_answer_is_right_where_an_expected_entry_is_said_whole() -> None:
    right = asked(Source.GOLD, entry_ids=("other", "dna"), outcome=Outcome.ANSWERED)
    assert answer_of(right, answered(), ENTRIES, 250).fate is Fate.RIGHT_ALONE
    assert answer_of(right, answered("Maybe not. [1]"), ENTRIES, 250).fate is Fate.INCOMPLETE
    wrong = asked(Source.GOLD, entry_ids=("other",), outcome=Outcome.ANSWERED)
    assert answer_of(wrong, answered(), ENTRIES, 250).fate is Fate.WRONG


def test_what_must_not_be_answered_is_lost_once_it_is() -> None:
    quiet = asked(Source.GOLD, outcome=Outcome.NO_ANSWER)
    before = Answer(Outcome.OFF_TOPIC, "no", fate=Fate.REFUSED)
    found = compared(quiet, before, answer_of(quiet, answered(), ENTRIES, 250))
    assert (found.verdict, found.is_lost) == (Verdict.WORSE, True)
    unsafe = asked(Source.GOLD, outcome=Outcome.DECLINED)
    assert answer_of(unsafe, answered(), ENTRIES, 250).fate is Fate.ANSWERED


def test_liked_answers_may_be_reworded_but_not_refused_or_exchanged() -> None:
    liked = asked(Source.RATED, rating=Rating.UP)
    assert not compared(liked, said(), said(reply="No, never. [1]")).is_lost
    assert compared(liked, said(), said("other")).is_lost
    assert compared(liked, said(), REFUSED).is_lost
    assert not compared(asked(Source.RATED, rating=Rating.DOWN), said(), REFUSED).is_lost


def test_bars_fall_beyond_what_may_be_lost_and_name_the_questions() -> None:
    found = [gold(Fate.RIGHT_ALONE, Fate.WRONG), gold(Fate.RIGHT_ALONE, Fate.RIGHT_ALONE)]
    strict, lenient = Settings.model_construct(), Settings.model_construct(gate_lost_gold=1)
    (bar,) = bars_of(found, strict)
    assert bar.fell and bar.questions == ("does it?",)
    assert bar.sentence == "1 of 2 gold answers would be lost (0 may be): “does it?”."
    assert not any(bar.fell for bar in bars_of(found, lenient))


def test_a_share_of_liked_answers_may_change() -> None:
    liked = asked(Source.RATED, rating=Rating.UP)
    found = [compared(liked, said(), REFUSED), *[compared(liked, said(), said())] * 19]
    assert not any(bar.fell for bar in bars_of(found, Settings.model_construct()))
    assert any(bar.fell for bar in bars_of(found[:19], Settings.model_construct()))


def test_counts_tell_what_changed_of_what_was_rated_down() -> None:
    down = asked(Source.RATED, rating=Rating.DOWN)
    counts = counts_of([compared(down, said(), said("other")), compared(down, said(), said())])
    assert (counts["asked"], counts["changed"], counts["rated_down_changed"]) == (2, 1, 1)


def test_a_question_is_asked_once_and_its_history_is_part_of_it() -> None:
    history = (Message(Role.USER, "about my dna"), Message(Role.ASSISTANT, "Yes?"))
    first, again = asked(Source.GOLD), asked(Source.RECENT)
    other = Asked(Source.RECENT, "x", Question("does it?", history))
    assert gathered([first], [again, other]) == [first, other]
