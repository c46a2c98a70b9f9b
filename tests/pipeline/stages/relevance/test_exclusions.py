from __future__ import annotations

from dataclasses import replace

from pipeline.stages.relevance.exclusions import Exclusions
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery
from tests.pipeline.judging import hit


class All:
    engine = "all"

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        return Evidence(query, tuple(Accepted(each, 0.9) for each in retrieved.hits))


async def found(query: SearchQuery) -> list[str]:
    dog = hit("dog", 0.9)
    dog = replace(dog, entry=replace(dog.entry, not_about=("guide dogs", "cats")))
    evidence = await Exclusions(All())(query, Retrieved((dog, hit("fee", 0.5))))
    return [item.hit.entry.id for item in evidence.accepted]


async def test_a_message_that_names_what_an_entry_is_not_about_is_not_answered_by_it() -> None:
    assert await found(SearchQuery("what does a cat cost")) == ["fee"]
    assert await found(SearchQuery("is a guide dog free")) == ["fee"]


async def test_any_other_message_is() -> None:
    assert await found(SearchQuery("what does a dog cost")) == ["dog", "fee"]
    assert await found(SearchQuery("where is the guide")) == ["dog", "fee"], "a term is all of its words"


async def test_what_was_said_before_excludes_nothing() -> None:
    assert await found(SearchQuery("and a dog? cat", own="and a dog?")) == ["dog", "fee"]
