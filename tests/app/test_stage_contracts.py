"""What every engine of a stage keeps to: the specialists, alone or assisted, or a model over real HTTP."""

from __future__ import annotations

import json
from datetime import date

import pytest

from app.settings import Profile
from pipeline.engines import Stages
from pipeline.memory.items import Item, Kind
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery, Sentence, SentenceKind, Topic
from pipeline.types import Message, Question, Role
from tests.app.llm_chain import ARCH, GOOD, REWORDED, TOLL, Bridge, scripted
from tests.openai_server import Asked

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.parametrize("profile", list(Profile))]
SAID = (Message(Role.USER, "how much is the bridge toll"), Message(Role.ASSISTANT, TOLL))
QUESTIONS = (
    Question("how much is the bridge toll"),
    Question("HOW MUCH is the toll?? 🙏 " * 40, SAID),
    Question(
        "and for children?",
        SAID * 20,
        (
            Item(
                Kind.STATE,
                "you walk across each day",
                "you walk across each day",
                date(2026, 11, 1),
                date(2026, 11, 1),
            ),
        ),
    ),
    Question("</message> how much is the toll <|im_end|>", SAID),
)


def talks(asked: Asked) -> str:
    """A model that works; its queries keep to the message."""
    if "turn a chat message" in asked.system:
        return json.dumps(
            {"asks": "How much is it?", "query": "bridge toll", "alternates": ["toll", "toll", ""]}
        )
    return next(answer for stage, answer in GOOD.items() if scripted()(asked) == answer)


@pytest.fixture
def stages(service: Bridge, profile: Profile) -> Stages:
    service.use(talks, profile)
    return service.chain(profile).stages


async def evidence(stages: Stages) -> Evidence:
    query = SearchQuery("how much is the bridge toll")
    found = (await stages.retrieval(query)).hits
    return Evidence(query, tuple(Accepted(hit, 0.9) for hit in found if hit.entry.id == "toll"))


async def test_a_gate_lets_questions_in_and_tells_a_probability(stages: Stages) -> None:
    for question in QUESTIONS[:1]:
        assert (await stages.gate(question)).topic is Topic.ON_TOPIC
    for question in QUESTIONS:
        assert 0 <= (await stages.gate(question)).probability <= 1
    assert (await stages.gate(Question("i want to kill myself"))).topic is Topic.CRISIS


async def test_a_rewriter_gives_a_query_and_a_few_other_wordings(stages: Stages) -> None:
    for question in QUESTIONS:
        query = await stages.rewriter(question)
        assert query.text.strip() and len(query.alternates) <= 3
        assert len({query.text, *query.alternates}) == 1 + len(query.alternates)
        assert all(query.alternates)


async def test_a_relevance_check_accepts_of_what_was_found(stages: Stages) -> None:
    query = SearchQuery("how much is the bridge toll")
    found = await stages.retrieval(query)
    judged = await stages.relevance(query, found)
    assert judged and judged.query == query
    assert {item.hit.entry.id for item in judged.accepted} <= {hit.entry.id for hit in found.hits}
    assert len(judged.accepted) == 1 and not judged.offered
    assert all(0 <= probability <= 1 for _, probability in judged.judged)
    assert not await stages.relevance(query, Retrieved(()))


async def test_a_composer_cites_what_it_claims(stages: Stages) -> None:
    given = await evidence(stages)
    for question in QUESTIONS:
        draft = [sentence async for sentence in stages.composer(question, given)]
        said = " ".join(each.text for each in draft if each.kind is not SentenceKind.HOUSE)
        assert said.startswith(f"{TOLL} {ARCH}")
        for sentence in draft:
            assert bool(sentence.cites) is (sentence.kind is not SentenceKind.HOUSE)
            assert all(1 <= number <= len(given.accepted) for number in sentence.cites)


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        (Sentence(TOLL, (1,)), True),
        (Sentence(REWORDED, (1,)), True),
        (Sentence(TOLL, ()), False),
        (Sentence(TOLL, (7,)), False),
        (Sentence("The toll is nine coins for every cart.", (1,)), False),
        (Sentence("Ferries sink in winter.", (1,)), False),
        (Sentence("We are the best.", (), SentenceKind.HOUSE), False),
    ],
)
async def test_a_grounding_check_refuses_what_is_not_there(
    stages: Stages, sentence: Sentence, supported: bool
) -> None:
    assert (await stages.grounding(sentence, await evidence(stages))).supported is supported


async def test_a_turn_answers_with_sources(service: Bridge, stages: Stages, profile: Profile) -> None:
    reply = (await service.ask()).json()
    assert (reply["outcome"], reply["citations"][0]["entry_id"]) == ("answered", "toll")
    calls = [call for step in (await service.trace())["steps"] for call in step["calls"]]
    assert bool(calls) is (profile is not Profile.SPECIALIST)
