"""What is remembered leads to an entry only where the question leans on it and the entry speaks of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest

from knowledge.types import Entry, Hit, Passage, View
from pipeline.errors import ModelUnavailable
from pipeline.journal import Journal
from pipeline.memory.items import Item, Kind
from pipeline.memory.recalling import Recall
from pipeline.turn import Accepted, Degraded, Evidence, Retrieved, SearchQuery, Topic, TopicVerdict, Turn
from pipeline.types import Question
from tests.fakes import AsyncHashEncoder, entry

DAY = date(2026, 11, 29)
PREGNANT = Item(Kind.STATE, "pregnant", "you are pregnant", DAY, DAY, id="one")
ASTHMA = Item(Kind.CONDITION, "asthma", "your son has asthma", DAY, DAY, "son", id="two")
PREGNANCY = entry(
    "pregnancy", question="Is the vaccine safe if I am pregnant?", answer="The vaccine is safe."
)
LUNGS = entry(
    "lungs", question="May people with asthma have the vaccine?", answer="They may have the vaccine."
)
FEVER = entry("fever", question="What helps against fever after the vaccine?")


@dataclass
class Stages:
    """All engines before the composer: the gate lets everything through, the check accepts the best hit."""

    entries: Sequence[Entry] = (FEVER, PREGNANCY, LUNGS)
    engine: str = "scripted"
    topic: Topic = Topic.ON_TOPIC
    searched: list[SearchQuery] = field(default_factory=list)
    fails: bool = False

    async def gate(self, question: Question) -> TopicVerdict:
        return TopicVerdict(self.topic, 1.0)

    async def rewrite(self, question: Question) -> SearchQuery:
        return SearchQuery(question.text)

    async def search(self, query: SearchQuery) -> Retrieved:
        self.searched.append(query)
        return Retrieved(tuple(Hit(each, _passage(each), 1.0, 0.9, 0.9, 0.5) for each in self.entries))

    async def check(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        if self.fails:
            raise ModelUnavailable("down")
        accepted = tuple(Accepted(hit, 0.9) for hit in retrieved.hits[:1])
        return Evidence(query, accepted, tuple((each.hit.entry.id, 0.9) for each in accepted))


def _passage(of: Entry) -> Passage:
    return Passage(of.id, View.QUESTION, of.question, 0, len(of.question))


class _Port:
    """One of the engines, under its port's name."""

    engine = "scripted"

    def __init__(self, call: object) -> None:
        self._call = call

    def __call__(self, *given: object) -> object:
        return self._call(*given)  # type: ignore[operator]


async def recalled(
    text: str, *memory: Item, stages: Stages | None = None, topic: Topic = Topic.ON_TOPIC
) -> tuple[str | None, Stages, Journal]:
    """The entry that is found, if any."""
    stages = stages or Stages()
    ports = (_Port(each) for each in (stages.gate, stages.rewrite, stages.search, stages.check))
    recall = Recall(AsyncHashEncoder(), *ports)  # type: ignore[arg-type]
    question = Question(text, memory=memory)
    journal = Journal(Turn("m", question))
    evidence = await recall(journal, question, topic)
    return (evidence.accepted[0].hit.entry.id if evidence else None), stages, journal


@pytest.mark.parametrize(
    ("text", "memory", "found"),
    [
        ("is the vaccine safe for me?", (PREGNANT, ASTHMA), "pregnancy"),
        ("is the vaccine safe for my son?", (PREGNANT, ASTHMA), "lungs"),
        ("is wine safe for me?", (PREGNANT,), None),  # the entry speaks of her, and not of that
        ("is the vaccine safe?", (PREGNANT, ASTHMA), None),  # it leans on nobody
        ("is the vaccine safe for me?", (ASTHMA,), None),  # that is the son's
        ("is the vaccine safe for me, I am pregnant?", (PREGNANT,), None),  # the question says it itself
        ("is the vaccine safe for me?", (), None),
    ],
)
async def test_an_entry_is_found_by_what_is_remembered(
    text: str, memory: tuple[Item, ...], found: str | None
) -> None:
    assert (await recalled(text, *memory))[0] == found


async def test_what_is_searched_for_names_the_item() -> None:
    _, stages, _ = await recalled("is the vaccine safe for me?", PREGNANT)
    (query,) = stages.searched
    assert query.remembered is PREGNANT and query.text == "is the vaccine safe for me? pregnant"


async def test_no_entry_that_does_not_speak_of_the_item_is_taken() -> None:
    assert (await recalled("is the vaccine safe for me?", PREGNANT, stages=Stages((FEVER, LUNGS))))[0] is None


@pytest.mark.parametrize("topic", [Topic.UNSAFE, Topic.SMALL_TALK])
async def test_what_is_no_question_is_not_searched_for(topic: Topic) -> None:
    found, stages, _ = await recalled("is the vaccine safe for me?", PREGNANT, topic=topic)
    assert found is None and stages.searched == []


async def test_a_model_that_is_down_leaves_the_question_as_it_is() -> None:
    found, _, journal = await recalled("is the vaccine safe for me?", PREGNANT, stages=Stages(fails=True))
    assert found is None
    assert any(isinstance(step.result, Degraded) for step in journal.turn.steps)
