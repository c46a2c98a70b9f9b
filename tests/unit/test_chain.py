"""Which engine judges, by what lies in the folder of the models."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.adapters import ServingKnowledge
from app.chain import build_chat
from app.models import Models
from app.settings import Settings
from knowledge.model_card import CARD, CardUnusable, card_json
from knowledge.releases import LiveRelease
from knowledge.types import Logistic
from pipeline.errors import ModelUnavailable
from pipeline.stages.other_kind import NamedKind
from pipeline.types import Outcome, Question, Reply
from tests.fakes import HashEncoder, entry, settings, snapshot, unstored_base
from tests.unit.knowledge.pair_models import a_card, write_pair_model

SEEDS = Path(__file__).parents[2] / "seeds"
ENTRY = entry(
    "toll", question="How much is the toll?", answer="The toll is two coins. It is paid at the arch."
)


class Traces:
    def __init__(self) -> None:
        self.steps: list[Mapping[str, Any]] = []

    async def record(self, trace: Mapping[str, Any]) -> None:
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


def place(using: Settings, name: str, **fields: Any) -> Path:  # noqa: ANN401
    return write_pair_model(using.seeds_dir / "models" / name, **fields)


async def ask(using: Settings, models: Models, traces: Traces) -> Reply:
    knowledge = ServingKnowledge(LiveRelease(snapshot(ENTRY)))

    async def say(_piece: str) -> None:
        return None

    return await build_chat(using, unstored_base(), models, knowledge, traces).run(
        "m1", Question(ENTRY.question), say
    )


async def test_without_trained_models_everything_works_as_before(using: Settings) -> None:
    models, traces = Models.load(using, HashEncoder()), Traces()

    assert models.relevance is None and models.grounding is None
    await ask(using, models, traces)
    assert traces.engine("Evidence") == "specialist"
    await models.close()


async def test_a_trained_judge_is_used_where_there_is_one(using: Settings) -> None:
    place(using, "relevance", calibration=Logistic({"pair": 1.0}, 0.0))
    place(using, "grounding", calibration=Logistic({"support": 1.0}, 0.0))
    models, traces = Models.load(using, HashEncoder()), Traces()

    assert (await ask(using, models, traces)).outcome is Outcome.ANSWERED
    assert traces.engine("Evidence") == traces.engine("Checked") == "trained"
    await models.close()
    for judge in (models.relevance, models.grounding):
        assert judge is not None
        with pytest.raises(ModelUnavailable, match="closed"):
            await judge.pairs.score([("toll", "toll")])


async def test_whichever_engine_judges_relevance_another_kind_is_no_evidence(using: Settings) -> None:
    place(using, "relevance", calibration=Logistic({"pair": 1.0}, 0.0))
    models, knowledge = Models.load(using, HashEncoder()), ServingKnowledge(LiveRelease(snapshot(ENTRY)))
    stages = build_chat(using, unstored_base(), models, knowledge, Traces()).stages
    assert len(stages.relevance_spares) == 1
    assert all(isinstance(check, NamedKind) for check in (stages.relevance, *stages.relevance_spares))
    await models.close()


async def test_a_trained_judge_that_is_out_leaves_the_work_to_its_spare(using: Settings) -> None:
    place(using, "relevance", calibration=Logistic({"pair": 1.0}, 0.0))
    models, traces = Models.load(using, HashEncoder()), Traces()
    assert models.relevance is not None
    await models.relevance.pairs.close()
    with pytest.raises(ModelUnavailable, match="closed"):
        await models.relevance.pairs.score([("toll", "toll")])

    await ask(using, models, traces)
    assert traces.engine("Evidence") == "specialist"
    assert [each["result"]["stage"] for each in traces.steps if each["step"] == "Degraded"] == [
        "relevance_check"
    ]
    await models.encoder.close()


@pytest.mark.parametrize("calibration", [None, Logistic({"pair": 1.0, "mood": 1.0}, 0.0)])
def test_a_calibration_that_the_stage_cannot_use_is_an_error(
    using: Settings, calibration: Logistic | None
) -> None:
    place(using, "relevance", calibration=calibration)
    with pytest.raises(CardUnusable, match=r"relevance.*pair_lead"):
        Models.load(using, HashEncoder())


def test_a_damaged_judge_is_an_error(using: Settings) -> None:
    folder = place(using, "grounding", calibration=Logistic({"support": 1.0}, 0.0))
    (folder / CARD).write_text(card_json(a_card(folder, files={})))
    with pytest.raises(CardUnusable, match="grounding"):
        Models.load(using, HashEncoder())
