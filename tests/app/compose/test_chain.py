"""Which engines stand in the chain, and behind which guards."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.models import Models
from app.settings import Settings
from knowledge.releases.releases import LiveRelease
from pipeline.stages.grounding.borrowed import NothingBorrowed
from pipeline.stages.relevance.subtype_filter import SubtypeFilter
from pipeline.stages.relevance.translations import Translations
from pipeline.types import Question, Reply, TurnContext
from tests.fakes import HashEncoder, entry, settings, snapshot, unstored_base

SEEDS = Path(__file__).parents[3] / "seeds"
ENTRY = entry(
    "toll", question="How much is the toll?", answer="The toll is two coins. It is paid at the arch."
)


class Traces:
    def __init__(self) -> None:
        self.steps: list[Mapping[str, Any]] = []

    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        self.steps += trace["steps"]

    def engine(self, step: str) -> str:
        return next(str(each["engine"]) for each in self.steps if each["step"] == step)


@pytest.fixture
def using(tmp_path: Path) -> Settings:
    shutil.copytree(
        SEEDS,
        tmp_path / "seeds",
        ignore=shutil.ignore_patterns(
            "kb", "gold", "practice", "retriever", "relevance", "grounding", "gate"
        ),
    )
    return settings(tmp_path, seeds_dir=tmp_path / "seeds")


async def ask(using: Settings, models: Models, traces: Traces, text: str = ENTRY.question) -> Reply:
    knowledge = ServingKnowledge(LiveRelease(snapshot(ENTRY)))

    async def say(_piece: str) -> None:
        return None

    return await build_chat(using, unstored_base(), models, knowledge, traces).run("m1", Question(text), say)


async def test_specialists_judge_behind_their_guards(using: Settings) -> None:
    """What is about another kind, and what only an example says, is kept from them."""
    models, traces = Models.load(using, HashEncoder()), Traces()
    await ask(using, models, traces, f"please tell me {ENTRY.question}")
    assert traces.engine("Evidence") == "specialist"

    knowledge = ServingKnowledge(LiveRelease(snapshot(ENTRY)))
    stages = build_chat(using, unstored_base(), models, knowledge, Traces()).stages
    assert isinstance(stages.relevance, Translations)
    assert isinstance(stages.relevance.check, SubtypeFilter)
    assert isinstance(stages.grounding, NothingBorrowed)
    await models.close()
