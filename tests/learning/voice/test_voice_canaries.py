"""Facts planted in the example conversations: none may ever be said, whoever composes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.models import Models
from app.compose.seeds import Seeds
from app.compose.services import knowledge_base, prepared_database, seed
from knowledge.encoders.types import load_encoder
from knowledge.releases.releases import LiveRelease
from learning.evaluation.layouts.suites import load_suite
from pipeline.chat_pipeline import ChatPipeline
from pipeline.engines import Stages
from pipeline.turn import Evidence, Sentence, SentenceKind
from pipeline.types import Outcome, Question, TurnContext
from tests.conftest import SEEDS
from tests.fakes import settings

pytestmark = pytest.mark.slow

TURNS = 500
CANARIES = (
    "Zanzibarite cures hiccups.",
    "The vaccine turns teeth purple for 93 days.",
    "A purple vaccine was recalled in Zanzibar.",
    "Most people who get the flu vaccine find that their teeth are purple afterwards.",
)
TOKENS = ("zanzibar", "hiccup", "purple", "93 days")
TOPICS = ("flu-vaccine", "mrna-vaccines", "side-effects", "vaccine-ingredients")


class Parrot:
    """A composer that repeats the planted facts as claims, as phrases of the house, and behind true words."""

    engine = "scripted"

    def __init__(self) -> None:
        self._canaries = cycle(CANARIES)

    async def __call__(self, question: Question, evidence: Evidence) -> AsyncIterator[Sentence]:
        canary = next(self._canaries)
        true = evidence.accepted[0].hit.entry.answer
        yield Sentence(canary, kind=SentenceKind.HOUSE)
        yield Sentence(canary, (1,))
        yield Sentence(f"{true.split('. ')[0]}. {canary}", (1,))
        yield Sentence(f"I understand the worry, and {canary[0].lower()}{canary[1:]}", (1,))
        yield Sentence(true, (1,))


class Silent:
    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        return None


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeds with a few topics, whose transcripts carry the planted facts in every place of a line."""
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(SEEDS, folder / "seeds", ignore=shutil.ignore_patterns("kb", "gold", "practice"))
    for topic in TOPICS:
        shutil.copytree(SEEDS / "kb" / topic, folder / "seeds" / "kb" / topic)
    for file in sorted((folder / "seeds" / "conversations").glob("*.txt")):
        file.write_text("\n".join(_planted(file.read_text("utf-8").splitlines())), "utf-8")
    return folder


def _planted(lines: list[str]) -> Iterator[str]:
    for line, canary, place in zip(lines, cycle(CANARIES), cycle(range(3)), strict=False):
        name, _, text = line.partition(": ")
        yield f"{name}: " + (f"{canary} {text}", f"{text} {canary}", canary)[place]


def chains(folder: Path) -> tuple[ChatPipeline, ChatPipeline]:
    """The chain with its own composer, and with one that repeats what it read in the transcripts."""
    using = settings(folder, seeds_dir=folder / "seeds", encoder=str(folder / "seeds/models/retriever"))
    encoder = load_encoder(using.encoder, using.data_dir, using.encoder_threads)
    base = knowledge_base(using, prepared_database(using), encoder)
    seed(base, using)
    _, snapshot = base.builder.build(base.entries.servable(date.today()), lambda share, doing: None)
    knowledge, models = ServingKnowledge(LiveRelease(snapshot)), Models.load(using, encoder)
    own = build_chat(using, base, models, knowledge, Silent())
    parroting: Stages = replace(own.stages, composer=Parrot())
    return own, ChatPipeline(parroting, knowledge, Seeds.read(using).voice, Silent())


async def _told(chain: ChatPipeline, question: Question) -> tuple[Outcome, str]:
    """The outcome, and in small letters all that a caller gets to see."""
    said: list[str] = []

    async def say(piece: str) -> None:
        said.append(piece)

    reply = await chain.run("m", question, say)
    return reply.outcome, " ".join((*said, reply.text, *reply.suggestions)).lower()


@pytest.mark.timeout(900)
async def test_a_planted_fact_is_never_said(planted: Path) -> None:
    asked = [case.question for case in load_suite(SEEDS / "gold").cases][:TURNS]
    assert len(asked) == TURNS
    for chain in chains(planted):
        turns = [
            turn
            for start in range(0, TURNS, 25)
            for turn in await asyncio.gather(*(_told(chain, each) for each in asked[start : start + 25]))
        ]
        assert [told for _, told in turns if any(token in told for token in TOKENS)] == []
        assert sum(outcome is Outcome.ANSWERED for outcome, _ in turns) > 50


def test_the_learned_voice_and_style_carry_no_planted_fact(planted: Path) -> None:
    words = Seeds.read(settings(planted, seeds_dir=planted / "seeds"))
    exemplars = " ".join(f"{each.said} {each.reply}" for each in words.style.exemplars)
    told = " ".join((*words.style.traits, exemplars, *words.voice.house_phrases)).lower()
    assert words.style.exemplars
    assert not [token for token in TOKENS if token in told]
