"""Which engines serve the stages of a turn."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.memory.recalling import Recall
from pipeline.ports import (
    AnswerComposer,
    GroundingCheck,
    GroundingReview,
    QueryRewriter,
    RelevanceCheck,
    Retrieval,
    TopicGate,
)


@dataclass(frozen=True, slots=True)
class Stages:
    """The seven stages of a turn; the seventh, the message filter, has no variants. Spares take over, in
    order, where the engine of their stage fails. `rephraser` words the question anew where nothing was found,
    `review` gives a second opinion on sentences that the grounding check leaves open, `recall` searches with
    what is remembered of the user; a turn does without any where it fails."""

    gate: TopicGate
    rewriter: QueryRewriter
    retrieval: Retrieval
    relevance: RelevanceCheck
    composer: AnswerComposer
    grounding: GroundingCheck
    gate_spares: tuple[TopicGate, ...] = ()
    rewriter_spares: tuple[QueryRewriter, ...] = ()
    relevance_spares: tuple[RelevanceCheck, ...] = ()
    composer_spares: tuple[AnswerComposer, ...] = ()
    grounding_spares: tuple[GroundingCheck, ...] = ()
    rephraser: QueryRewriter | None = None
    review: GroundingReview | None = None
    recall: Recall | None = None
