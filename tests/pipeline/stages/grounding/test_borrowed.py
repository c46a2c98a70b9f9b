from __future__ import annotations

from typing import cast

import pytest

from pipeline.ports import GroundingCheck
from pipeline.stages.grounding.borrowed import NothingBorrowed
from pipeline.turn import Accepted, Evidence, SearchQuery, Sentence, SentenceKind, Verdict
from tests.app.test_canaries import hit
from tests.fakes import ScriptedStage

LINES = (
    "I understand the worry. The arch turns purple for 93 days. It is made of stone.",
    "why is it purple",
)
EVIDENCE = Evidence(
    SearchQuery("arch"),
    (Accepted(hit("arch", answer="The arch is made of stone. It was painted twice in 93 days."), 1.0),),
)
PASSED = Verdict(True, 0.9)


async def judged(sentence: Sentence) -> Verdict:
    check = cast(GroundingCheck, ScriptedStage(PASSED))
    return await NothingBorrowed(LINES, check)(sentence, EVIDENCE)


@pytest.mark.parametrize(
    "text",
    [
        "The arch turns purple for 93 days.",
        "I understand the worry, and the arch turns purple.",
        "The arch is made of stone. The arch turned purple.",
        "The arch is purple.",
    ],
)
async def test_what_only_a_transcript_says_is_refused(text: str) -> None:
    verdict = await judged(Sentence(text, (1,)))
    assert not verdict.supported and "example conversation" in verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "The arch is made of stone.",  # said by both
        "The arch was painted twice in 93 days.",
        "The arch was repainted by masons in spring.",  # not known to either: the check's own affair
        "Nobody who crossed the old arch on foot ever saw purple.",  # mostly other words
    ],
)
async def test_all_else_is_left_to_the_check(text: str) -> None:
    assert await judged(Sentence(text, (1,))) is PASSED


async def test_phrases_and_unknown_citations_are_left_to_the_check() -> None:
    assert await judged(Sentence("The arch is purple.", kind=SentenceKind.HOUSE)) is PASSED
    assert not (await judged(Sentence("The arch is purple.", (7,)))).supported
