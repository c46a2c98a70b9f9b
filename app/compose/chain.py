"""The chain, composed: which engine stands in which stage."""

from __future__ import annotations

from dataclasses import replace

from app.compose.llm_chain import House, assisted, llm, prompt_texts
from app.compose.models import Models
from app.compose.release_service import KnowledgeBase
from app.compose.seeds import Seeds
from app.compose.voice import LiveLanguage, LiveTopics
from app.settings import Profile, Settings, SettingsError
from pipeline.chat_pipeline import ChatPipeline
from pipeline.engines import Stages
from pipeline.llm_stages.weights import CascadeWeights
from pipeline.memory.recalling import Recall
from pipeline.ports import Knowledge, TopicGate, TraceSink
from pipeline.stages.composing.answer_composer import ExtractiveComposer
from pipeline.stages.composing.style_mask import StyleExemplars
from pipeline.stages.gate.alarms import Alarms
from pipeline.stages.gate.exemplars import Exemplars
from pipeline.stages.gate.topic_gate import CalibratedTopicGate
from pipeline.stages.grounding.borrowed import NothingBorrowed
from pipeline.stages.grounding.grounding_check import SpecialistGroundingCheck
from pipeline.stages.relevance.exclusions import Exclusions
from pipeline.stages.relevance.relevance_check import CalibratedRelevanceCheck
from pipeline.stages.relevance.subtype_filter import SubtypeFilter
from pipeline.stages.relevance.thresholds import COSTS, JudgeThresholds
from pipeline.stages.relevance.translations import Translations
from pipeline.stages.relevance.unsupported_terms import TermSupport
from pipeline.stages.retrieval import HybridRetrieval
from pipeline.stages.rewriting.query_rewriter import SpecialistQueryRewriter
from pipeline.voice import HouseVoice


def build_chat(
    settings: Settings,
    base: KnowledgeBase,
    models: Models,
    knowledge: Knowledge,
    traces: TraceSink,
    words: Seeds | None = None,
) -> ChatPipeline:
    """The chain of the profile in `settings`; `words` are by default those of its seeds. Blocks: exemplars
    are embedded once. Raises `SettingsError` where the seeds cannot be read, or the profile needs a language
    model and there is none."""
    words = words or Seeds.read(settings)
    topics, language = LiveTopics(knowledge, words.topics), LiveLanguage(knowledge, words.languages)
    voice = replace(words.voice, topics=topics, language=language)
    stages = _specialists(settings, base, models, knowledge, words, voice)
    stages = replace(stages, recall=_recall(stages, models) if settings.memory else None)
    profile = profile_of(settings, models)
    if models.llm is None or profile is Profile.SPECIALIST:
        return ChatPipeline(stages, knowledge, voice, traces)
    style = StyleExemplars.of(words.style.exemplars, base.embed, models.encoder)
    house = House(voice, words.style, style.nearest, _thresholds(settings), settings.judging.written)
    if profile is Profile.ASSISTED:
        weights = CascadeWeights(**settings.cascade.model_dump())
        stages = assisted(stages, models.llm, weights, house)
    else:
        stages = llm(stages, models.llm, house)
    if settings.memory and settings.memory_in_prompts:
        stages = replace(stages, recall=_recall(stages, models, shares=True))
    return ChatPipeline(stages, knowledge, voice, traces, prompt_texts(words.style))


def _recall(stages: Stages, models: Models, *, shares: bool = False) -> Recall:
    """What is remembered is seen by these stages and, unless it is shared, by no others."""
    return Recall(
        models.encoder, stages.gate, stages.rewriter, stages.retrieval, stages.relevance, shares=shares
    )


def profile_of(settings: Settings, models: Models) -> Profile:
    """The profile asked for; by default, the language model assists where there is one. Raises
    `SettingsError` where there is none to do what is asked for."""
    if settings.profile is None:
        return Profile.ASSISTED if models.llm else Profile.SPECIALIST
    if settings.profile is not Profile.SPECIALIST and models.llm is None:
        raise SettingsError(
            f"CANDOR_PROFILE={settings.profile} needs a language model: set CANDOR_LLM_MODEL"
            " or CANDOR_LLM_GGUF, or unset it."
        )
    return settings.profile


def _specialists(
    settings: Settings,
    base: KnowledgeBase,
    models: Models,
    knowledge: Knowledge,
    words: Seeds,
    voice: HouseVoice,
) -> Stages:
    encoder, thresholds = models.encoder, _thresholds(settings)
    support = TermSupport(encoder, models.missing) if models.missing else None
    stages = Stages(
        gate=_gate(base, words, models, knowledge, thresholds),
        rewriter=SpecialistQueryRewriter(knowledge, models.terms, words.slang, base.ordinary_words),
        retrieval=HybridRetrieval(encoder, knowledge),
        relevance=CalibratedRelevanceCheck(encoder, knowledge, thresholds, support),
        composer=ExtractiveComposer(
            voice, knowledge, encoder, words.style, whole_words=settings.whole_answer_words
        ),
        grounding=SpecialistGroundingCheck(encoder, voice, threshold=settings.judging.grounded),
    )
    return _within_bounds(stages, base, knowledge, words)


def _within_bounds(stages: Stages, base: KnowledgeBase, knowledge: Knowledge, words: Seeds) -> Stages:
    """Whichever engine judges: what is about another kind than the one asked about is no evidence, and what
    only the example conversations say is not supported."""
    return replace(
        stages,
        relevance=Translations(
            SubtypeFilter(
                Exclusions(stages.relevance),
                knowledge=knowledge,
                slang=words.slang,
                ordinary=base.ordinary_words,
            ),
            knowledge,
        ),
        grounding=NothingBorrowed(words.transcripts, stages.grounding),
    )


def _thresholds(settings: Settings) -> JudgeThresholds:
    return JudgeThresholds(gate=settings.judging.on_topic, costs=COSTS[settings.when_unsure])


def _gate(
    base: KnowledgeBase, words: Seeds, models: Models, knowledge: Knowledge, thresholds: JudgeThresholds
) -> TopicGate:
    groups = words.exemplars
    if models.alarms is not None:  # which has learned the exemplars of alarms
        groups = {"small_talk": groups["small_talk"]}
    exemplars = Exemplars.of(groups, base.embed)
    alarms = Alarms(words.lexicon, exemplars, thresholds, models.alarms)
    leaning, slang = models.terms.dependence, words.slang
    return CalibratedTopicGate(
        models.encoder,
        knowledge,
        exemplars,
        alarms,
        leaning,
        thresholds,
        models.kinds,
        slang,
        multilingual=models.multilingual,
    )
