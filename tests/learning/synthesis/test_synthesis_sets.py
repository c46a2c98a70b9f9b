"""Sets of made-up messages: their labels, the way back, and the suite that they are written as."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from knowledge.types import Entry, FloatArray
from learning.evaluation.layouts.suites import load_suite
from learning.synthesis.conversations import Turns, make_conversations
from learning.synthesis.distinct import diversity, plain
from learning.synthesis.leaks import told_elsewhere
from learning.synthesis.questions import Made, QuestionMaker, Shares, Source, make_questions
from learning.synthesis.round_trip import RoundTrip
from learning.synthesis.suite_files import Yardstick, report_of, write_suite
from learning.synthesis.wording.frames import Frames
from learning.synthesis.wording.llm_wording import Bounds, Wordings, llm_wordings
from learning.synthesis.wording.noise_profile import Lexicon, NoiseProfile
from learning.synthesis.wording.typist import Typist
from pipeline.errors import ModelUnavailable
from pipeline.llm.prompting import Prompt
from pipeline.llm.usage import TurnBudget
from pipeline.types import Outcome, Role

SEEDS = Path(__file__).resolve().parents[3] / "seeds"
SUBJECTS = {
    "card": "Does the card cost money?|Yes, the card costs 20 euros. It does because the city says so.",
    "card-kids": "Is the card meant for children?|Yes, the card is meant for children.",
    "card-lend": "Can I lend the card to a friend?|No, the card is personal.",
    "books": "How many books can I borrow?|You can borrow ten books.",
    "games": "How many games can I borrow?|You can borrow two games.",
    "hours": "When is the library open?|The library is open from nine to five.",
    "wifi": "Is there a wireless network?|Yes, the wireless network is called Reader.",
    "printer": "Where can I print a document?|You can print a document on the second floor.",
    "toilet": "Where do I find a toilet?|There is a toilet in the basement.",
    "parking": "What does parking cost?|Parking costs two euros.",
}
ENTRIES = [Entry(key, text.partition("|")[0], text.partition("|")[2]) for key, text in SUBJECTS.items()]


def embed(texts: Sequence[str]) -> FloatArray:
    """Bags of words, each word in a place of its own as far as there are places."""
    vectors = np.full((len(texts), 512), 1e-6, dtype=np.float32)
    for row, text in zip(vectors, texts, strict=True):
        for word in plain(text).split():
            row[sum(map(ord, word)) * 31 % 512] += 1
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def maker(seed: int = 1, withheld: frozenset[str] = frozenset({"parking"})) -> QuestionMaker:
    source = Source(
        ENTRIES,
        Frames.read(SEEDS / "synthesis.yaml"),
        Typist(NoiseProfile.read(SEEDS / "noise.yaml"), {}),
        off_topic=["how do i freeze gravy", "who won the match", "what is a filibuster"],
        small_talk=["hello there", "thank you", "you are great"],
    )
    return QuestionMaker(source, RoundTrip(ENTRIES, embed), withheld, seed)


def told(_share: float, _doing: str) -> None:
    pass


def test_questions_carry_the_label_of_what_they_ask() -> None:
    made = make_questions(maker(), 120, Shares(), told)
    kinds = Counter(each.expect for each in made)
    assert kinds[Outcome.ANSWERED] > 60
    assert kinds[Outcome.NO_ANSWER] > 5
    assert kinds[Outcome.OFF_TOPIC] and kinds[Outcome.SMALL_TALK]
    for each in made:
        assert (each.expect is Outcome.NO_ANSWER) == (each.about == "parking")
        assert bool(each.entry_ids) == (each.expect is Outcome.ANSWERED)
        assert "parking" not in each.entry_ids
    assert {each.about for each in made} >= {entry.id for entry in ENTRIES}
    assert diversity([each.message for each in made])["unique"] == 1.0


def test_the_same_seed_gives_the_same_set() -> None:
    def texts(seed: int) -> list[str]:
        return [each.message for each in make_questions(maker(seed), 40, Shares(), told)]

    assert texts(1) == texts(1) != texts(2)


def test_what_does_not_lead_back_is_dropped_and_counted() -> None:
    making = maker()
    astray = Made(
        "how many games can I borrow",
        "how many games can I borrow",
        "plain",
        ("hours",),
        Outcome.ANSWERED,
        "hours",
    )
    right = Made(
        "library open when", "when is the library open", "plain", ("hours",), Outcome.ANSWERED, "hours"
    )
    assert making.led_back([astray, right]) == [right]
    assert making.tally.rows()["plain"] == {"made": 2, "kept": 1, "kept_share": 0.5, "right_first": 1.0}


def test_what_asks_for_a_withheld_entry_must_ask_for_nothing_else() -> None:
    making = maker()
    both = "does the card cost money and does parking cost"
    made = [
        Made(text, text, "plain", (), Outcome.NO_ANSWER, "parking")
        for text in ("what does parking cost", both)
    ]
    assert making.led_back(made) == made[:1]


def test_loose_wordings_must_not_fit_another_entry_as_well() -> None:
    made = [
        Made(text, text, kind, ("card",), Outcome.ANSWERED, "card")
        for text, kind in (
            ("card", "keyword"),
            ("card", "from_answer"),
            ("card cost money", "keyword"),
            ("card", "plain"),
        )
    ]
    assert maker().led_back(made) == made[2:]


def test_what_an_entry_may_answer_is_no_small_talk() -> None:
    making = maker()
    source = replace(making.source, small_talk=["hello there", "may i lend the card to a friend"])
    made = QuestionMaker(source, making.trip, making.withheld, 1).chat(5)
    assert {each.clean for each in made} == {"hello there"}


def test_only_entries_that_no_other_covers_are_taken_out() -> None:
    trip = RoundTrip(ENTRIES, embed)
    taken = trip.withheld(0.5, ["is there a toilet"], Random(1))
    assert taken and not taken & {"books", "games"}  # they cover one another
    assert "toilet" not in trip.withheld(1.0, ["where do i find a toilet"], Random(1))


FEE = Entry("fee", "What does parking cost?", "Parking costs two euros.")
TOILET = Entry("toilet", "Where do I find a toilet?", "There is a toilet in the basement.")
PRINTER = Entry("printer", "Where do I find a printer?", "Printing happens upstairs, beside all scanners.")
IN_PASSING = Entry(
    "car",
    "Who may come by car?",
    "Anyone may come by car, from eight until late, when gates close. Cars stand beside our old mill, behind "
    "trees. Parking costs two euros. Drivers should leave their engines off and lock every door.",
)


def test_what_another_answer_says_in_passing_is_told_elsewhere() -> None:
    alone = told_elsewhere([FEE, TOILET], embed)
    both = told_elsewhere([FEE, TOILET, IN_PASSING], embed)
    assert alone.max() < 0.5 and both[1] < 0.5
    assert both[0] > 0.9
    assert told_elsewhere([], embed).shape == (0,)


def test_what_is_told_elsewhere_is_taken_out_last() -> None:
    lent = ["book", "game", "film", "map", "song", "score", "comic", "poster"]  # they cover one another
    alike = [Entry(kind, f"How long is a {kind} lent?", f"A {kind} is lent for a week.") for kind in lent]

    def ever_taken(*others: Entry) -> frozenset[str]:
        trip = RoundTrip([*alike, FEE, *others], embed)
        return frozenset().union(*(trip.withheld(0.1, [], Random(seed)) for seed in range(20)))

    assert "fee" in ever_taken(TOILET, PRINTER)
    assert ever_taken(TOILET, PRINTER, IN_PASSING) and "fee" not in ever_taken(TOILET, PRINTER, IN_PASSING)
    small = RoundTrip([FEE, TOILET, IN_PASSING], embed)
    assert len(small.withheld(0.3, [], Random(1))) == 1  # small knowledge bases have something to take out


def test_conversations_lean_on_their_history_only_where_they_say_so() -> None:
    made = make_conversations(maker(), 100, Turns(), told)
    kinds = Counter(each.kind for each in made)
    assert kinds["pronoun"] and kinds["ellipsis"] and kinds["off_topic"] and kinds["small_talk"]
    for each in made:
        asked = [said for said in each.history if said.role is Role.USER]
        assert len(asked) * 2 == len(each.history)  # in turns
        if each.kind in {"pronoun", "ellipsis", "why"}:
            assert asked
            assert plain(each.message) != plain(each.clean)
        assert each.expect is not Outcome.ANSWERED or each.entry_ids
    lending = next(each for each in made if each.kind == "pronoun" and each.about == "card-lend")
    assert lending.clean == "Can I lend the card to a friend?"
    assert "card" not in lending.message.lower()


def test_a_set_is_a_suite(tmp_path: Path) -> None:
    making = maker()
    made = make_conversations(making, 60, Turns(), told)
    yardstick = Yardstick(Lexicon(frozenset(), frozenset()), {"real": making.source.typist.profile})
    report = report_of(made, making.tally, yardstick)
    write_suite(tmp_path / "set", ENTRIES, making.withheld, made, report)
    suite = load_suite(tmp_path / "set")
    assert len(suite.cases) == len(made) == report["messages"]
    assert {entry.id for entry in suite.entries} == {entry.id for entry in ENTRIES} - {"parking"}
    by_kind = {case.kind: case for case in suite.cases}
    assert by_kind["answerable/pronoun"].rewrite
    assert by_kind["must_not_answer/off_topic"].expect is Outcome.OFF_TOPIC
    kept = json.loads((tmp_path / "set" / "report.json").read_text("utf-8"))
    assert kept == report
    assert set(kept["noise_distance"]["real"]) >= {"words", "openings", "mean"}


class ScriptedModel:
    """A chat model that answers with its script in turn, or fails."""

    name = "scripted"

    def __init__(self, *script: Wordings | Exception) -> None:
        self.script = [*script]
        self.prompts: list[Prompt] = []

    async def answer(
        self, prompt: Prompt, shape: type[Any], max_tokens: int, budget: TurnBudget | None = None
    ) -> Any:  # noqa: ANN401
        assert shape is Wordings and max_tokens > 0
        self.prompts.append(prompt)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def yes(self, prompt: Prompt, budget: TurnBudget | None = None) -> float:
        raise AssertionError(prompt)

    def write(self, prompt: Prompt, max_tokens: int, budget: TurnBudget | None = None) -> AsyncIterator[str]:
        raise AssertionError(prompt)


async def test_a_model_words_questions_in_a_bounded_number_of_calls() -> None:
    model = ScriptedModel(Wordings(messages=[" how  much ", "x" * 400]), ModelUnavailable("down"))
    worded = await llm_wordings(model, ENTRIES, Bounds(calls=2, messages=3), Random(1), told)
    assert (worded.calls, worded.failed) == (2, 1)
    assert [*worded.messages.values()] == [("how much",)]
    assert "Write 3 messages" in model.prompts[0].system


async def test_a_model_that_never_answers_is_given_up() -> None:
    model = ScriptedModel(*[ModelUnavailable("down")] * 10)
    worded = await llm_wordings(model, ENTRIES, Bounds(calls=10), Random(1), told)
    assert worded.calls < 10
    assert not worded.messages


def test_a_models_wordings_are_typed_and_led_back_like_all_others() -> None:
    making = maker()
    source = making.source
    extra = {"hours": ("library open at what time today", "is parking free")}
    with_model = Source(source.entries, source.frames, source.typist, [], [], extra)
    made = QuestionMaker(with_model, making.trip, making.withheld, 1).about([ENTRIES[5]], 60, told)
    worded = {each.clean for each in made if each.kind == "worded"}
    assert worded == {"library open at what time today"}


@pytest.mark.parametrize("count", [1, 7])
def test_small_counts_are_kept_to(count: int) -> None:
    assert len(make_questions(maker(), count, Shares(), told)) == count


def test_a_change_of_subject_has_one_opening() -> None:
    made = make_conversations(maker(), 150, Turns(), told)
    making = maker()
    talk, openers = making.source.frames.talk, making.source.frames.openers
    for each in made:
        announced = any(each.message.lower().startswith(change) for change in talk.change)
        assert not (each.kind.startswith("switch") and announced and each.clean.lower().startswith(openers))
