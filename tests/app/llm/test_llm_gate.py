"""The assisted profile's gate: one question of one token, whose answer counts as far as the model is sure."""

from __future__ import annotations

from math import log

import pytest

from app.settings import Profile
from tests.app.llm_chain import Bridge, scripted, stage_of
from tests.openai_server import Behaviour, fails, hangs, says

pytestmark = pytest.mark.asyncio(loop_scope="module")


def sure(yes: float) -> Behaviour:
    """A yes or a no with its probabilities."""
    chances = {"Yes": log(yes), "No": log(1 - yes)}
    return says(max(chances, key=lambda word: chances[word]), chances=chances)


@pytest.mark.parametrize(
    ("answer", "yes", "outcome"),
    [
        (sure(0.9), 0.9, "answered"),
        (sure(0.45), 0.45, "answered"),  # the specialist says .95, and leans further than this doubt
        (sure(0.1), 0.1, "off_topic"),
        (says("Yes"), 1.0, "answered"),
        (says("No."), 0.0, "off_topic"),
    ],
)
async def test_the_answer_counts_as_far_as_it_is_sure(
    service: Bridge, answer: Behaviour, yes: float, outcome: str
) -> None:
    service.use(scripted(topic_check=answer), Profile.ASSISTED)
    assert (await service.ask()).json()["outcome"] == outcome
    gate = (await service.trace())["steps"][0]
    assert gate["engine"] == "cascade" and gate["result"]["opinion"]["second"] == pytest.approx(yes)
    assert [call["prompt"] for call in gate["calls"]] == ["topic_check"]
    asked = service.server.asked[0]
    assert stage_of(asked) == "topic_check" and asked.body["max_tokens"] == 1


@pytest.mark.parametrize(
    "fault", [says("Perhaps"), says("P", chances={"P": -0.1, "No": -3.0}), fails(500), hangs()]
)
async def test_without_an_answer_the_specialist_decides(service: Bridge, fault: Behaviour) -> None:
    service.use(scripted(topic_check=fault), Profile.ASSISTED)
    assert (await service.ask()).json()["outcome"] == "answered"
    steps = (await service.trace())["steps"]
    assert [step["result"]["stage"] for step in steps if step["step"] == "Degraded"] == ["topic_gate"]
