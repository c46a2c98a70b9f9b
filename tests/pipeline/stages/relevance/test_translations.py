from __future__ import annotations

from dataclasses import replace
from datetime import date

from knowledge.types import Entry, Snapshot
from pipeline.stages.relevance.translations import Translations
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery
from tests.fakes import snapshot
from tests.pipeline.judging import hit
from tests.pipeline.stages.relevance.test_exclusions import All

ENGLISH = Entry("fee", "What does it cost?", "Two euros.")
GERMAN = Entry("fee-de", "Was kostet es?", "Zwei Euro.", language="de", translation_of="fee")
OTHER = Entry("dog", "Are dogs allowed?", "They are.")


class Live:
    def __init__(self, *entries: Entry) -> None:
        self.current: Snapshot = snapshot(*entries)


async def said(language: str, found: Entry, *entries: Entry) -> str:
    hits = Retrieved((replace(hit(found.id, 0.9), entry=found),))
    check = Translations(All(), Live(*entries))
    evidence = await check(SearchQuery("?", language=language), hits)
    return evidence.accepted[0].hit.entry.id


async def test_an_answer_is_said_in_the_language_of_its_question() -> None:
    everything = (ENGLISH, GERMAN, OTHER)
    assert await said("de", ENGLISH, *everything) == "fee-de"
    assert await said("de", GERMAN, *everything) == "fee-de"
    assert await said("", GERMAN, *everything) == "fee"
    assert await said("tr", GERMAN, *everything) == "fee", "no translation: the original"
    assert await said("de", OTHER, *everything) == "dog"


async def test_an_expired_translation_is_not_said() -> None:
    expired = replace(GERMAN, valid_until=date(2020, 1, 1))
    assert await said("de", ENGLISH, ENGLISH, expired) == "fee"


async def test_what_is_offered_is_in_that_language_too() -> None:
    class Torn:
        engine = "torn"

        async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
            return Evidence(query, (), offered=tuple(Accepted(each, 0.4) for each in retrieved.hits))

    hits = Retrieved((replace(hit("fee", 0.9), entry=ENGLISH), replace(hit("dog", 0.8), entry=OTHER)))
    check = Translations(Torn(), Live(ENGLISH, GERMAN, OTHER))
    evidence = await check(SearchQuery("?", language="de"), hits)
    assert [item.hit.entry.id for item in evidence.offered] == ["fee-de", "dog"]


def test_an_answer_and_its_translation_are_found_once() -> None:
    live = snapshot(ENGLISH, GERMAN, OTHER)
    vector = live.vectors[0]
    found = [each.entry.id for each in live.search("what does it cost", vector, 5)]
    assert sorted(found) == ["dog", "fee"]


def test_with_an_empty_text_the_vector_alone_decides() -> None:
    live = snapshot(ENGLISH, OTHER)
    (best, *_) = live.search("", live.vectors[0], 2)
    assert best.entry.id == "fee" and best.lexical == 0
    assert best.score > live.weights.question_cosine + live.weights.answer_cosine * best.answer_cosine
