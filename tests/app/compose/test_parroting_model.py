"""A language model behind the composer that writes what the example conversations say: none of it is said."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.models import Models
from app.compose.release_service import KnowledgeBase
from app.settings import Profile
from knowledge.entries import EntryStore
from knowledge.releases.releases import LiveRelease, ReleaseBuilder, Releases
from pipeline.errors import ModelUnavailable
from pipeline.llm.prompting import Prompt
from pipeline.llm.usage import TurnBudget
from pipeline.types import Outcome, Question, TurnContext
from tests.fakes import HashEncoder, entry, settings, snapshot

Answer = TypeVar("Answer", bound=BaseModel)
SEEDS = Path(__file__).parents[3] / "seeds"
TOLL = entry(
    "toll", question="How much is the toll?", answer="The toll is two coins. It is paid at the arch."
)
CANARY = "The toll of two coins is paid at the purple arch."
TALK = f"""
User: {CANARY.lower()}
Chatbot: I understand the worry. {CANARY} I hope that helps.
User: is the toll two coins
Chatbot: {CANARY} This is general information, not personal advice.
"""


class Parrot:
    name = "parrot"

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def answer(
        self, prompt: Prompt, shape: type[Answer], max_tokens: int, budget: TurnBudget | None = None
    ) -> Answer:
        raise ModelUnavailable("writes, and judges nothing")

    async def yes(self, prompt: Prompt, budget: TurnBudget | None = None) -> float:
        raise ModelUnavailable("writes, and judges nothing")

    async def write(
        self, prompt: Prompt, max_tokens: int, budget: TurnBudget | None = None
    ) -> AsyncIterator[str]:
        self.sent.append(f"{prompt.system} {' '.join(said.text for said in prompt.messages)}")
        for text in (f"{CANARY[:-1]} [1]. ", CANARY + " ", "The toll is two coins [1]. ", CANARY):
            yield text


class Silent:
    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        return None


async def test_a_model_that_repeats_the_transcripts_is_not_heard(tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns(
        "kb", "gold", "practice", "retriever", "relevance", "grounding", "gate", "*.txt"
    )
    shutil.copytree(SEEDS, tmp_path / "seeds", ignore=left_out)
    (tmp_path / "seeds" / "conversations" / "talk.txt").write_text(
        f"{TALK}\n---\n{TALK}", "utf-8"
    )  # twice: a phrase has to recur
    using = settings(tmp_path, seeds_dir=tmp_path / "seeds", profile=Profile.ASSISTED)
    parrot, nothing = Parrot(), cast(Any, None)
    models = Models.load(using, HashEncoder(), parrot)
    base = KnowledgeBase(
        cast(EntryStore, nothing),
        cast(Releases, nothing),
        cast(ReleaseBuilder, nothing),
        HashEncoder().encode,
        HashEncoder().encode,
        frozenset,
    )
    chain = build_chat(using, base, models, ServingKnowledge(LiveRelease(snapshot(TOLL))), Silent())
    said: list[str] = []

    async def say(piece: str) -> None:
        said.append(piece)

    reply = await chain.run("m1", Question(TOLL.question), say)
    await models.close()
    assert reply.outcome is Outcome.ANSWERED and "The toll is two coins." in reply.text
    assert "purple" not in "".join((reply.text, *said, *reply.suggestions))
    assert len(parrot.sent) == 1 and "Service: I understand the worry." in parrot.sent[0]
    assert "purple" not in parrot.sent[0]
