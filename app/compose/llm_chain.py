"""The chain with a large language model: which stages ask it, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipeline.engines import Stages
from pipeline.llm.budget import BudgetedModel
from pipeline.llm.prompting import PromptFile
from pipeline.llm_stages.answer_composer import LAST_WORD, LlmComposer, Nearest
from pipeline.llm_stages.band import EVERYWHERE, Band
from pipeline.llm_stages.cascade import Asking, GateCascade, RelevanceCascade, RewriterCascade
from pipeline.llm_stages.grounding_review import LlmGroundingReview
from pipeline.llm_stages.query_rewriter import LlmQueryRewriter
from pipeline.llm_stages.relevance_check import LlmRelevanceCheck
from pipeline.llm_stages.topic_gate import LlmTopicCheck, LlmTopicGate
from pipeline.llm_stages.weights import CascadeWeights
from pipeline.llm_stages.written_grounding import WrittenGrounding
from pipeline.ports import ChatModel
from pipeline.stages.relevance.thresholds import JudgeThresholds, answering_line
from pipeline.voice import HouseVoice, StyleCard

PROMPTS = (
    "topic_gate",
    "topic_check",
    "query_rewriter",
    "relevance_check",
    "answer_composer",
    "grounding_check",
)
MOST_CALLS = 3  # of a turn in the assisted profile
BEFORE_COMPOSING = 1
_LEANING = Band(0.3, 0.7, 0.0)
"""Where the specialist does not know whether a message leans on the conversation."""


@dataclass(frozen=True, slots=True)
class House:
    """What the model is told of the house: how it talks, and where its lines are drawn. `written`: the least
    probability of support for a sentence that the model wrote."""

    voice: HouseVoice
    style: StyleCard
    nearest: Nearest
    thresholds: JudgeThresholds
    written: float


def assisted(stages: Stages, model: ChatModel, weights: CascadeWeights, house: House) -> Stages:
    """The specialists judge, and ask the model where they are unsure and its word counts for enough. It
    writes the answers. At most `MOST_CALLS` calls a turn, one of them before the answer."""
    allowed, thresholds = BudgetedModel(model), house.thresholds
    if weights.gate:
        asking = Asking(Band.around(thresholds.gate, weights.gate), BEFORE_COMPOSING)
        check = LlmTopicCheck(allowed, house.voice.topics)
        gate = GateCascade(stages.gate, check, asking, thresholds)
        stages = replace(stages, gate=gate, gate_spares=(stages.gate, *stages.gate_spares))
    if weights.relevance:
        asking = Asking(Band.around(answering_line(thresholds.costs), weights.relevance), BEFORE_COMPOSING)
        relevance = RelevanceCascade(stages.relevance, LlmRelevanceCheck(allowed), asking, thresholds)
        instead = (stages.relevance, *stages.relevance_spares)
        stages = replace(stages, relevance=relevance, relevance_spares=instead)
    if weights.rewriter:
        asking = Asking(_LEANING, BEFORE_COMPOSING)
        rewriter = RewriterCascade(stages.rewriter, LlmQueryRewriter(allowed), asking)
        spares = (stages.rewriter, *stages.rewriter_spares)
        stages = replace(stages, rewriter=rewriter, rewriter_spares=spares)
    if weights.rephrase:
        stages = replace(stages, rephraser=LlmQueryRewriter(allowed))
    if weights.grounding:
        reach = Band.around(house.written, weights.grounding)
        band = replace(reach, low=house.written)
        review = LlmGroundingReview(allowed, band, threshold=house.written, most_calls=MOST_CALLS)
        stages = replace(stages, review=review)
    return _composing(stages, allowed, house)


def llm(stages: Stages, model: ChatModel, house: House) -> Stages:
    """The model decides at every stage, and the specialists are its spares. Two things stay theirs: the
    gate's alarms, and sentences that the grounding check refuses. A model may only take away from those, or
    one in league with itself could say anything."""
    allowed, thresholds, always = BudgetedModel(model), house.thresholds, Asking(EVERYWHERE)
    stages = replace(
        stages,
        gate=GateCascade(stages.gate, LlmTopicGate(allowed, house.voice.topics), always, thresholds),
        gate_spares=(stages.gate, *stages.gate_spares),
        rewriter=LlmQueryRewriter(allowed),
        rewriter_spares=(stages.rewriter, *stages.rewriter_spares),
        relevance=RelevanceCascade(stages.relevance, LlmRelevanceCheck(allowed), always, thresholds),
        relevance_spares=(stages.relevance, *stages.relevance_spares),
        review=LlmGroundingReview(allowed, replace(EVERYWHERE, low=house.written), threshold=house.written),
    )
    return _composing(stages, allowed, house)


def prompt_texts(style: StyleCard) -> tuple[str, ...]:
    """All that a model could repeat of its prompts; the phrases that a trait quotes may be said."""
    traits = (part for trait in style.traits for part in re.split("[“”]", trait)[::2])
    return (*(PromptFile.read(name).text for name in PROMPTS), LAST_WORD, *traits)


def _composing(stages: Stages, model: ChatModel, house: House) -> Stages:
    composer = LlmComposer(model, house.style, house.nearest, house.voice.house_phrases)
    return replace(
        stages,
        composer=composer,
        composer_spares=(stages.composer, *stages.composer_spares),
        grounding=WrittenGrounding(stages.grounding, house.written),
        grounding_spares=tuple(WrittenGrounding(check, house.written) for check in stages.grounding_spares),
    )
