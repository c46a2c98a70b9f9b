"""The chain, composed: which engine stands in which stage."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from app.models import Models
from app.release_service import KnowledgeBase
from app.seeds import Seeds
from app.settings import Settings
from app.voice import LiveTopics
from pipeline.chat_pipeline import ChatPipeline, Stages
from pipeline.ports import Knowledge, TopicGate, TraceSink
from pipeline.stages.alarms import Alarms
from pipeline.stages.answer_composer import ExtractiveComposer
from pipeline.stages.borrowed import NothingBorrowed
from pipeline.stages.exemplars import Exemplars
from pipeline.stages.grounding_check import SpecialistGroundingCheck
from pipeline.stages.query_rewriter import SpecialistQueryRewriter
from pipeline.stages.relevance_check import CalibratedRelevanceCheck, TrainedRelevanceCheck
from pipeline.stages.retrieval import HybridRetrieval
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.stages.topic_gate import CalibratedTopicGate


def build_chat(
    settings: Settings, base: KnowledgeBase, models: Models, knowledge: Knowledge, traces: TraceSink
) -> ChatPipeline:
    """The chain on its specialist engines: a trained judge where there is one, what it replaces as its spare.
    Blocks: the exemplars are embedded once. Raises `SettingsError` where the seeds cannot be read."""
    judging, encoder, words = settings.judging, models.encoder, Seeds.read(settings)
    thresholds = JudgeThresholds(gate=judging.on_topic, relevance=judging.relevant)
    voice = replace(words.voice, topics=LiveTopics(knowledge, words.topics))
    grounded = partial(SpecialistGroundingCheck, encoder, voice.house_phrases, threshold=judging.grounded)
    stages = Stages(
        gate=_gate(base, words, models, knowledge, thresholds),
        rewriter=SpecialistQueryRewriter(knowledge, models.terms, words.slang, base.ordinary_words),
        retrieval=HybridRetrieval(encoder, knowledge),
        relevance=CalibratedRelevanceCheck(encoder, knowledge, thresholds),
        composer=ExtractiveComposer(voice, knowledge, encoder, words.style),
        grounding=grounded(),
    )
    if (judge := models.relevance) is not None:
        trained = TrainedRelevanceCheck(encoder, knowledge, judge.pairs, judge.model, thresholds)
        stages = replace(stages, relevance=trained, relevance_spares=(stages.relevance,))
    if (judge := models.grounding) is not None:
        reading = grounded(support=judge.model, judge=judge.pairs)
        stages = replace(stages, grounding=reading, grounding_spares=(stages.grounding,))
    guarded = partial(NothingBorrowed, words.transcripts)  # whichever engine judges
    stages = replace(
        stages,
        grounding=guarded(stages.grounding),
        grounding_spares=tuple(map(guarded, stages.grounding_spares)),
    )
    return ChatPipeline(stages, knowledge, voice, traces)


def _gate(
    base: KnowledgeBase, words: Seeds, models: Models, knowledge: Knowledge, thresholds: JudgeThresholds
) -> TopicGate:
    exemplars = Exemplars.of(words.exemplars, base.embed)
    alarms = Alarms(words.lexicon, exemplars, thresholds, models.kinds)
    return CalibratedTopicGate(
        models.encoder, knowledge, exemplars, alarms, models.terms.dependence, thresholds, models.kinds
    )
