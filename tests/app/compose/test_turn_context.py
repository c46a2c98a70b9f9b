"""What holds for one turn holds at each of its stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.compose.adapters import ServingEncoder
from app.compose.chain import build_chat
from app.compose.models import Models
from app.settings import Settings
from knowledge.encoders.batching import BatchedEncoder
from knowledge.types import FloatArray, Snapshot
from learning.evaluation.runner import LastTrace
from pipeline.chat_pipeline import ChatPipeline
from pipeline.memory.items import Item, Kind
from pipeline.ports import unheard
from pipeline.stages.relevance.unsupported_terms import FEATURES, MissingTerms
from pipeline.types import Message, Question, Role, TurnContext
from tests.conftest import SEEDS
from tests.fakes import HashEncoder, entry, settings, snapshot, unstored_base

ENTRIES = (
    entry("toll", question="How much is the toll?", answer="It is two coins.\n\nIt is paid at the arch."),
    entry("boat", question="When does the boat leave?", answer="Yes, it leaves at noon. It waits for none."),
    entry("pets", question="May my dog come along?", answer="Dogs ride free.\n\nThey are kept on a leash."),
)
BEFORE = (Message(Role.USER, "How much is the toll?"), Message(Role.ASSISTANT, "It is two coins. [1]"))
DAY = date(2026, 3, 1)
MEMORY = (Item(Kind.CONDITION, "a dog", "you have a dog", DAY, DAY),)
QUESTIONS = (
    Question("How much is the toll?"),
    Question("tell me how much the toll for my hamster is"),
    Question("and for children?", BEFORE),
    Question("are you sure?", BEFORE),
    Question("How much is the toll? And when does the boat leave?"),
    Question("When does the boat leave?", language="de"),
    Question("may i come along?", memory=MEMORY),
    Question("hello there"),
    Question("you are stupid"),
    Question("what is the capital of peru"),
)


class Released:
    """A knowledge base that goes live anew whenever it is looked at."""

    looked = 0

    @property
    def current(self) -> Snapshot:
        self.looked += 1
        return snapshot(*ENTRIES, release_id=f"r{self.looked}")


class Counting(ServingEncoder):
    def __init__(self) -> None:
        super().__init__(BatchedEncoder(HashEncoder()))
        self.texts: Counter[str] = Counter()
        self.gave_way: list[bool] = []

    async def encode(self, texts: Sequence[str], *, gives_way: bool = False) -> FloatArray:
        self.texts.update(texts)
        self.gave_way.append(gives_way)
        return await super().encode(texts, gives_way=gives_way)


class Chain:
    def __init__(self, folder: Path) -> None:
        self.settings: Settings = settings(folder, seeds_dir=SEEDS, memory=True, whole_answer_words=5)
        self.encoder, self.knowledge, self.traces = Counting(), Released(), LastTrace()
        loaded = Models.load(self.settings, HashEncoder())
        missing = MissingTerms(dict.fromkeys(FEATURES, 0.1), 0.0)
        models = replace(loaded, encoder=self.encoder, missing=missing)
        self.chat: ChatPipeline = build_chat(
            self.settings, unstored_base(), models, self.knowledge, self.traces
        )
        self.knowledge.looked = 0


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return Chain(tmp_path_factory.mktemp("chain"))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.text)
async def test_all_stages_speak_of_the_release_that_the_turn_began_with(
    chain: Chain, question: Question
) -> None:
    chain.knowledge.looked = 0
    await chain.chat.run("m", question, unheard)
    assert chain.knowledge.looked == 1


async def test_a_turn_that_is_given_a_release_knows_no_other(chain: Chain) -> None:
    chain.knowledge.looked = 0
    own = snapshot(entry("own", question="Who owns the mill?", answer="The miller owns it."))
    reply = await chain.chat.run("m", Question("Who owns the mill?"), unheard, TurnContext(own))
    assert (reply.text, chain.knowledge.looked) == ("The miller owns it. [1]", 0)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.text)
async def test_a_turn_encodes_each_text_once(chain: Chain, question: Question) -> None:
    chain.encoder.texts.clear()
    await chain.chat.run("m", question, unheard)
    assert [text for text, times in chain.encoder.texts.items() if times > 1] == []


async def test_what_one_turn_encoded_is_no_other_turns(chain: Chain) -> None:
    chain.encoder.texts.clear()
    for _ in range(2):
        await chain.chat.run("m", QUESTIONS[1], unheard)
    assert chain.encoder.texts[QUESTIONS[1].text] == 2


async def test_what_gives_way_does_so_wherever_it_is_encoded(chain: Chain) -> None:
    chain.encoder.gave_way.clear()
    await chain.chat.run("m", QUESTIONS[1], unheard, TurnContext(gives_way=True))
    assert chain.encoder.gave_way and all(chain.encoder.gave_way)


async def test_the_sink_is_told_where_the_trace_belongs(chain: Chain) -> None:
    given: list[TurnContext] = []

    class Sink:
        async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
            given.append(context)

    context = TurnContext(keeping=None)
    stages, voice = chain.chat.stages, chain.chat._voice
    await ChatPipeline(stages, chain.knowledge, voice, Sink()).run("m", QUESTIONS[0], unheard, context)
    (told,) = given
    assert (told.keeping, told.budget is context.budget) == (None, True)
