"""What takes over where an engine fails, and how a draft in doubt reaches the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipeline.errors import ModelOutputError, ModelUnavailable
from pipeline.llm.usage import TurnBudget
from pipeline.turn import Checked, Evidence, Retrieved, Reviewed, SearchQuery, Sentence, SentenceKind, Verdict
from pipeline.types import Outcome
from tests.fakes import ScriptedStage
from tests.pipeline.scripted_chain import (
    ON_TOPIC,
    QUERY,
    REFUSED,
    SUPPORTED,
    Chain,
    Composer,
    evidence,
    hit,
)

OPENER = Sentence("I understand the worry.", (), SentenceKind.HOUSE)
FIRST = Sentence("The bridge stays open all night.", (1,))
SECOND = Sentence("Carts pay two coins at the arch.", (1,))
AGAIN = Sentence("All night the bridge stays open.", (2,))
EXTRACT = Composer(OPENER, AGAIN, SECOND)
WHOLE = f"{OPENER.text} {AGAIN.text} [1] {SECOND.text} [2]"
DOWN = ModelUnavailable("down")


def always(verdict: Verdict) -> Any:  # noqa: ANN401
    return ScriptedStage(*[verdict] * 9)


def degraded(chain: Chain) -> list[tuple[str, str]]:
    steps = chain.traces.kept[0]["steps"]
    return [(s["result"]["stage"], s["result"]["fallback"]) for s in steps if s["step"] == "Degraded"]


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (
            (DOWN,),
            WHOLE,
        ),
        (
            (),
            WHOLE,
        ),
        (
            (OPENER, ModelOutputError("refuses")),
            WHOLE,
        ),
        ((FIRST, DOWN), "The bridge stays open all night. [1] Carts pay two coins at the arch. [1]"),
        (
            (FIRST, Sentence("Uncited.")),
            "The bridge stays open all night. [1] Carts pay two coins at the arch. [1]",
        ),
        ((FIRST, SECOND), "The bridge stays open all night. [1] Carts pay two coins at the arch. [1]"),
        ((FIRST,), "The bridge stays open all night. [1]"),
    ],
)
async def test_the_next_composer_says_what_is_missing(draft: tuple[Any, ...], said: str) -> None:
    chain = Chain(
        composer=Composer(*draft), grounding=always(SUPPORTED), spares={"composer_spares": (EXTRACT,)}
    )
    reply = await chain.run()
    assert reply.text == said
    whole = draft in ((FIRST, SECOND), (FIRST,))
    assert degraded(chain) == ([] if whole else [("answer_composer", "the scripted engine")])


async def test_where_no_composer_has_anything_to_say_there_is_no_answer() -> None:
    chain = Chain(
        composer=Composer(FIRST), grounding=always(REFUSED), spares={"composer_spares": (Composer(SECOND),)}
    )
    assert (await chain.run()).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize("error", [DOWN, ModelOutputError("nonsense")])
@pytest.mark.parametrize(
    ("stage", "result", "name"),
    [
        ("gate", ON_TOPIC, "topic_gate"),
        ("rewriter", QUERY, "query_rewriter"),
        ("relevance", evidence(QUERY, "dna"), "relevance_check"),
        ("grounding", SUPPORTED, "grounding_check"),
    ],
)
async def test_a_specialist_stands_in_for_any_stage(
    stage: str, result: object, name: str, error: Exception
) -> None:
    chain = Chain(spares={f"{stage}_spares": (ScriptedStage(result),)})
    setattr(chain, stage, ScriptedStage(error))
    assert (await chain.run()).outcome is Outcome.ANSWERED
    assert degraded(chain) == [(name, "the scripted engine")]


async def test_a_question_is_worded_anew_only_where_nothing_was_found() -> None:
    rephraser: ScriptedStage[SearchQuery] = ScriptedStage(SearchQuery("other words", asks="?"))
    chain = Chain(
        rewriter=ScriptedStage(SearchQuery("q")),
        retrieval=ScriptedStage(*[Retrieved((hit("dna"),))] * 2),
        relevance=ScriptedStage(Evidence(QUERY, ()), evidence(QUERY, "dna")),
        spares={"rephraser": rephraser},
    )
    assert (await chain.run()).outcome is Outcome.ANSWERED
    assert chain.retrieval.calls[1][0] == SearchQuery("other words", retry=True, asks="?")
    idle: ScriptedStage[SearchQuery] = ScriptedStage()
    assert (await Chain(spares={"rephraser": idle}).run()).outcome is Outcome.ANSWERED


@pytest.mark.parametrize("given", [DOWN, SearchQuery("q")])
async def test_a_rephraser_that_brings_nothing_changes_nothing(given: Any) -> None:  # noqa: ANN401
    chain = Chain(
        rewriter=ScriptedStage(SearchQuery("q")),
        relevance=ScriptedStage(Evidence(QUERY, ())),
        spares={"rephraser": ScriptedStage(given)},
    )
    assert (await chain.run()).outcome is Outcome.NO_ANSWER


@dataclass
class Review:
    """Doubts what is less probable than .9, and supports what it is told."""

    supports: tuple[str, ...] = ()
    error: Exception | None = None
    engine: str = "review"
    asked: list[list[str]] = field(default_factory=list)

    def wants(self, verdict: Verdict, budget: TurnBudget) -> bool:
        return verdict.probability < 0.9

    async def __call__(self, checked: Sequence[Checked], evidence: Evidence) -> Reviewed:
        self.asked.append([each.sentence.text for each in checked])
        if self.error is not None:
            raise self.error
        return Reviewed(
            tuple(
                Checked(each.sentence, Verdict(each.sentence.text in self.supports, 0.5)) for each in checked
            )
        )


DOUBT = Verdict(True, 0.8)
THIRD = Sentence("It was built by masons.", (2,))


async def test_the_first_doubt_is_settled_at_once_and_all_others_in_one_review() -> None:
    review = Review(supports=(FIRST.text, THIRD.text))
    chain = Chain(
        composer=Composer(FIRST, SECOND, Sentence("Sure.", (1,)), THIRD),
        grounding=ScriptedStage(DOUBT, DOUBT, SUPPORTED, DOUBT),
        spares={"review": review},
    )
    reply = await chain.run()
    assert review.asked == [[FIRST.text], [SECOND.text, THIRD.text]]
    assert reply.text == f"{FIRST.text} [1] Sure. [1] {THIRD.text} [2]"


async def test_where_the_review_fails_the_first_verdicts_stand() -> None:
    chain = Chain(
        composer=Composer(FIRST, SECOND),
        grounding=ScriptedStage(DOUBT, Verdict(False, 0.3)),
        spares={"review": Review(error=DOWN)},
    )
    assert (await chain.run()).text == f"{FIRST.text} [1]"
    assert ("grounding_check", "its first verdicts") in degraded(chain)
