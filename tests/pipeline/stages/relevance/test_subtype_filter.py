from __future__ import annotations

from typing import Any, cast

import pytest

from knowledge.types import Entry
from pipeline.english.normalising import Slang
from pipeline.ports import Knowledge, RelevanceCheck
from pipeline.stages.relevance.subtype_filter import SubtypeFilter, Subtypes
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery
from tests.app.test_canaries import hit
from tests.fakes import ScriptedStage

SLANG = Slang({}, {"crossing": "bridge"})
ORDINARY = frozenset("wooden glass toll the is open paint colour iron".split())
WALKING = Entry("walk", "May I walk over the bridge?", "Yes, over every iron bridge. So may children.")
ENTRIES = [
    *(
        Entry(f"iron-{n}", f"Is bridge {chr(97 + n) * 3} there?", "The iron bridge is open.")
        for n in range(24)
    ),
    Entry(
        "others",
        "How old is it?",
        "Other bridges, such as the glass bridge, are new.",
    ),
    WALKING,
]
KINDS = Subtypes.of(ENTRIES, SLANG, ORDINARY)


def test_it_is_of_one_kind_and_calls_others_by_name() -> None:
    assert KINDS.is_of_one_kind
    assert "glass" in KINDS.others and "iron" not in KINDS.others


@pytest.mark.parametrize(
    "said",
    [
        "may i walk over the glass bridge",  # which the knowledge base calls another
        "may i walk over the glass crossing",
        "may i walk over the glass bridge crossing",
        "may i walk over the wooden bridge",  # which it does not know
        "may i walk over the zyzzyva bridge",
        "may i walk over a bridge for zyzzyva",
        "the bridge against zyzzyva, may i walk there",
    ],
)
def test_another_kind_is_told(said: str) -> None:
    assert KINDS.another(said, WALKING)


@pytest.mark.parametrize(
    "said",
    [
        "may i walk over the bridge",
        "may i walk over the iron bridge",
        "may i walk over the irom bridge",  # a typo of its own kind
        "may i walk over the newest bridge",  # how it is
        "may i walk over the second bridge",
        "may i safely bridge it",
        "may i walk over the glass bridge and the iron bridge",  # its own is asked about too
        "may i walk over the glass bridge or the bridge",
        "is glass dangerous to walk on",  # no word of the subject
    ],
)
def test_all_else_is_left_alone(said: str) -> None:
    assert not KINDS.another(said, WALKING)


def test_an_entry_that_names_the_kind_is_about_it() -> None:
    assert not KINDS.another("how old is the glass bridge", ENTRIES[24])


def test_where_there_are_many_kinds_an_ordinary_word_is_none() -> None:
    mixed = [Entry(f"e{n}", f"Is bridge {chr(97 + n) * 3} there?", "It is.") for n in range(24)]
    kinds = Subtypes.of(mixed, SLANG, ORDINARY)
    assert not kinds.is_of_one_kind
    assert not kinds.another("may i walk over the wooden bridge", mixed[0])
    assert kinds.another("may i walk over the zyzzyva bridge", mixed[0])


def test_a_knowledge_base_without_a_main_subject_knows_no_kinds() -> None:
    some = [Entry(f"e{n}", f"What is thing{chr(97 + n)}?", "A thing.") for n in range(24)]
    assert not Subtypes.of(some, SLANG, ORDINARY).another("the zyzzyva bridge", some[0])


class Release:
    """As much of a snapshot as is asked for."""

    def __init__(self) -> None:
        self.entries = {entry.id: entry for entry in ENTRIES}


class Live:
    """As much of `Knowledge`."""

    def __init__(self) -> None:
        self.current = Release()


@pytest.mark.parametrize("best_first", [True, False])
async def test_what_speaks_of_another_kind_is_no_evidence(best_first: bool) -> None:
    glass = Accepted(hit("glass", answer="The glass bridge is for walking."), 0.9)
    other = Accepted(hit("walk", answer=WALKING.answer), 0.8)
    found = (other, glass) if best_first else (glass, other)
    said = {"may i walk over the glass bridge": () if best_first else (glass,), "the bridge": found}
    for text, kept in said.items():
        check = ScriptedStage(Evidence(SearchQuery(text), found, answerable=0.9))
        named = SubtypeFilter(
            cast(RelevanceCheck, check), cast(Knowledge, Live()), SLANG, cast(Any, lambda: ORDINARY)
        )
        assert (await named(SearchQuery(text), Retrieved(()))).accepted == kept
    assert named.engine == check.engine
