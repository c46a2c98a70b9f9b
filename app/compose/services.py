"""The composition root: what stands on the database, and around the chain (`app.compose.chain`)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

from fastapi import Request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.api.answering import Answering
from app.api.limits import RateLimiter, TurnLimiter
from app.compose.adapters import ServingChat, ServingKnowledge
from app.compose.chain import build_chat
from app.compose.language_model import LanguageModel, language_model
from app.compose.models import Models, card_for, of_card
from app.compose.release_service import KnowledgeBase, ReleaseService
from app.curation.gap_report import GapReport
from app.curation.gap_watch import GapWatch
from app.curation.near_entries import Advice
from app.curation.site_search import SiteSearch
from app.curation.suggestions import Suggestions
from app.memory.remembering import Memory
from app.metrics import Metrics
from app.release_gate.child import ask_both
from app.release_gate.gate import AskBoth, ReleaseGate
from app.release_gate.trial import Trial
from app.settings import Settings, SettingsError
from app.store.audit import AuditLog, witness
from app.store.curators.accounts import CuratorStore
from app.store.curators.keys import KeyStore
from app.store.database.database_watch import DatabaseWatch, fault_of, reason_of
from app.store.database.db import open_database
from app.store.database.schema import bring_up_to_date
from app.store.jobs import JobStore
from app.store.memory.store import MemoryStore
from app.store.retention import Purging
from app.store.storage import Storage
from app.store.turns.conversations import ConversationStore
from app.store.turns.traces import TraceStore
from app.turns import Chat, TurnRunner
from app.version import VERSION
from knowledge.curation.lifecycle import Writing
from knowledge.documents.store import DocumentStore
from knowledge.encoders.types import TextEncoder, load_encoder
from knowledge.entries import ApplyMode, EntryStore
from knowledge.errors import BackgroundUnusable
from knowledge.importing.paths import parse_path
from knowledge.index.embedding_cache import CachedEmbedder
from knowledge.releases.calibration import RelevancePrior, calibrate, gate_prior, read_background
from knowledge.releases.releases import EncoderStamp, LiveRelease, ReleaseBuilder, Releases
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import DEFAULT_GATE, Calibration
from knowledge.word_list import whole_words
from learning.personal_data import masked
from pipeline.memory.reading import MemoryReader
from pipeline.ports import TraceSink

_DOCUMENT_SHARE = 8  # of the places of conversations, as many more are for turns on a caller's documents
_WRONG_TOKENS_PER_MINUTE = 20
_FIRST_START = Writing("candor", "first start")
_log = logging.getLogger("candor.services")


@dataclass(frozen=True, slots=True)
class Services:
    """All that the routes work with. `start` and `stop` belong to the app's lifespan."""

    settings: Settings
    engine: Engine
    storage: Storage
    purging: Purging
    turns: TurnRunner
    document_places: TurnLimiter
    rate_limiter: RateLimiter
    wrong_tokens: RateLimiter
    conversations: ConversationStore
    traces: TraceStore
    entries: EntryStore
    curators: CuratorStore
    keys: KeyStore
    audit: AuditLog
    documents: DocumentStore
    advice: Advice
    jobs: JobStore
    live: LiveRelease
    releases: ReleaseService
    gaps: GapReport
    gap_watch: GapWatch
    site_search: SiteSearch
    suggestions: Suggestions
    answering: Answering
    gate: ReleaseGate
    trial: Trial
    metrics: Metrics
    close_chain: Callable[[], Awaitable[None]]
    memory: Memory
    llm: LanguageModel | None = None

    async def start(self) -> None:
        if self.llm is not None:
            self.llm.start()
        self.releases.start()
        self.purging.start()
        self.gap_watch.start()

    async def stop(self) -> None:
        await self.turns.close()
        await self.gap_watch.stop()
        await self.site_search.stop()
        await self.purging.stop()
        await self.releases.stop()
        await self.storage.close()
        await self.close_chain()
        if self.llm is not None:
            await self.llm.close()
        self.engine.dispose()  # the last connection to leave takes SQLite's log into the database file


async def services_of(request: Request) -> Services:
    return cast(Services, request.app.state.services)


def build_services(settings: Settings) -> Services:
    """Wires the service. Quick: the encoder and the releases are loaded by `Services.start`.
    Raises `SettingsError` where the data folder or the database cannot be used."""
    engine = prepared_database(settings)
    live = LiveRelease()
    knowledge = ServingKnowledge(live)
    chat = ServingChat()
    metrics = Metrics()
    llm = language_model(settings, metrics.model_call)

    def open_base(traces: TraceSink) -> KnowledgeBase:
        loaded = load_encoder(settings.encoder, settings.data_dir, settings.encoder_threads)
        base = knowledge_base(settings, engine, loaded)
        if llm is not None:
            llm.chat.prepare()  # a first turn should not wait for that
        models = Models.load(settings, loaded, llm.chat if llm else None)
        reader = MemoryReader(
            models.encoder, knowledge, lambda said, past: models.terms.referents(said, past, 1.0)
        )
        chat.use(build_chat(settings, base, models, knowledge, traces), models, reader)
        return base

    return wire(
        settings, engine, live, chat, open_base, chat.close, metrics, llm, ask_both, lambda: chat.reader
    )


async def _nothing_to_close() -> None:
    """A scripted chain holds no thread."""


def wire(
    settings: Settings,
    engine: Engine,
    live: LiveRelease,
    chat: Chat,
    open_base: Callable[[TraceSink], KnowledgeBase],
    close_chain: Callable[[], Awaitable[None]] = _nothing_to_close,
    metrics: Metrics | None = None,
    llm: LanguageModel | None = None,
    ask: AskBoth | None = None,
    reader: Callable[[], MemoryReader | None] = lambda: None,
) -> Services:
    """Everything that stands on the database, around a chain and a knowledge base: tests bring their own.
    `ask` puts the gate's questions; without it, every release that is built goes live."""
    metrics = metrics or Metrics()
    limiter, places = _places(settings, metrics, llm)
    storage, jobs = Storage(metrics.unstored), JobStore(engine)
    kept = {"masked": masked} if settings.mask_stored else {}
    traces = TraceStore(engine, storage, metrics.stage, **kept)
    conversations = ConversationStore(engine, partial(entry_that_asks, live), **kept)
    gate, opened = ReleaseGate(engine, settings, ask), partial(open_base, traces)
    releases = _releases(settings, engine, live, metrics, storage, opened, gate)
    gaps = GapReport(engine, lambda: releases.base.encode)
    entries = EntryStore(engine, witness)
    memory = Memory(settings, MemoryStore(engine), storage, reader)
    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    deadline_s = settings.turn_deadline_s
    times = {"deadline_s": deadline_s, "heartbeat_s": settings.heartbeat_s}
    return Services(
        settings=settings,
        engine=engine,
        storage=storage,
        purging=Purging(engine, storage, settings.retention_days, metrics.purged),
        turns=TurnRunner(chat, conversations, traces, storage, limiter, metrics, **times, memory=memory),
        document_places=places,
        rate_limiter=RateLimiter(settings.rate_limit_per_minute),
        wrong_tokens=RateLimiter(_WRONG_TOKENS_PER_MINUTE),
        conversations=conversations,
        traces=traces,
        entries=entries,
        curators=CuratorStore(engine, keep_admin=token is None),
        keys=KeyStore(engine, keep_admin=token is None, token=token),
        audit=AuditLog(engine),
        documents=DocumentStore(engine, witness),
        advice=Advice(entries, live, lambda: releases.embedding, settings.whole_answer_words),
        jobs=jobs,
        live=live,
        releases=releases,
        gaps=gaps,
        gap_watch=GapWatch(gaps, chat, live, storage, every_s=settings.follow_every_s),
        site_search=SiteSearch(settings.search_sites, jobs, storage, lambda: releases.base.encode),
        suggestions=Suggestions(engine, EntryStore(engine)),
        answering=Answering(chat, live, lambda: releases.base, traces, places, deadline_s=deadline_s),
        gate=gate,
        trial=Trial(chat, releases, limiter, deadline_s=deadline_s),
        metrics=metrics,
        close_chain=close_chain,
        memory=memory,
        llm=llm,
    )


def entry_that_asks(live: LiveRelease, question: str) -> str | None:
    """The id of the served entry with this very question."""
    served = live.current.entries.values() if live.release_id else ()
    return next((entry.id for entry in served if entry.question == question), None)


def _releases(
    settings: Settings,
    engine: Engine,
    live: LiveRelease,
    metrics: Metrics,
    storage: Storage,
    open_base: Callable[[], KnowledgeBase],
    gate: ReleaseGate,
) -> ReleaseService:
    seeded, watch = partial(seed, settings=settings), DatabaseWatch(engine, metrics.database)
    every_s, jobs = settings.follow_every_s, JobStore(engine)
    return ReleaseService(
        open_base, seeded, live, jobs, metrics, watch, storage, follow_every_s=every_s, gate=gate
    )


def _places(
    settings: Settings, metrics: Metrics, llm: LanguageModel | None
) -> tuple[TurnLimiter, TurnLimiter]:
    """Those of conversations, and those of questions on a caller's documents. The metrics watch both, and the
    model."""
    running, waiting = settings.max_concurrent_turns, settings.max_waiting_turns
    limiter = TurnLimiter(running, waiting)
    places = TurnLimiter(max(1, running // _DOCUMENT_SHARE), waiting // _DOCUMENT_SHARE)
    metrics.watch_in_flight(lambda: limiter.taken + places.taken)
    if llm is not None:
        metrics.watch_model(llm.chat.name, lambda: llm.chat.state)
    return limiter, places


def knowledge_base(settings: Settings, engine: Engine, encoder: TextEncoder) -> KnowledgeBase:
    """What can be built and searched with this encoder: for the service and the command line alike."""
    stamp = EncoderStamp(encoder.info.name, encoder.dimension, encoder.fingerprint)
    releases = Releases(engine, settings.data_dir, stamp)
    embedder = CachedEmbedder(encoder, engine)
    models = settings.seeds_dir / "models"
    gate, relevance = (card_for(encoder, models / name) for name in ("gate", "relevance"))
    priors = (
        of_card(gate, gate_prior) if gate else DEFAULT_GATE,
        of_card(relevance, RelevancePrior.of) if relevance else None,
    )

    def learn(snapshot: LocalSnapshot) -> Calibration:
        background = read_background(settings.seeds_dir)
        return calibrate(snapshot, background, embedder.embed(background).vectors, *priors)

    builder = ReleaseBuilder(releases, embedder.embed, learn, _calibrator(settings, stamp, priors))
    return KnowledgeBase(
        EntryStore(engine, witness),
        releases,
        builder,
        embed=lambda texts: embedder.embed(texts).vectors,
        encode=encoder.encode,
        ordinary_words=lambda: whole_words(encoder.info.path),
    )


def _calibrator(settings: Settings, encoder: EncoderStamp, priors: tuple[object, ...]) -> str:
    """Stands for all that a calibration is learned with; empty where that cannot be read."""
    try:
        background = read_background(settings.seeds_dir)
    except BackgroundUnusable:  # which the build will tell
        return ""
    told = repr((VERSION, encoder.fingerprint, priors, background))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def seed(base: KnowledgeBase, settings: Settings) -> None:
    """Fills the store of a first start: where there is anything else already, the demonstration would take an
    owner's place. Raises `ImportRejected` or `StorageFailed`."""
    folder = settings.seeds_dir / "kb"
    used = base.entries.count() or base.releases.list() or base.releases.any_on_disk()
    if used or (settings.data_dir / "retriever").is_dir() or not folder.is_dir():
        return
    parsed = parse_path(folder)
    base.entries.apply(parsed.entries, ApplyMode.UPSERT, by=_FIRST_START)
    _log.info("%d entries taken from the seeds", len(parsed.entries))


def holds_demonstration(store: EntryStore, settings: Settings) -> bool:
    """Whether the store holds the entries of the seeds, as they are, and no others."""
    folder = settings.seeds_dir / "kb"
    if not store.count() or not folder.is_dir():
        return False
    own = sorted(parse_path(folder).entries, key=lambda entry: entry.id)
    return own == list(store.all())


def prepared_database(settings: Settings) -> Engine:
    """The database with its tables. Raises `SettingsError`."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = open_database(settings.database)
        bring_up_to_date(engine)
    except OSError as error:
        raise SettingsError(
            f"CANDOR_DATA_DIR: {settings.data_dir} cannot be used: {error.strerror}"
        ) from None
    except SQLAlchemyError as error:
        reason = f"{fault_of(error).partition(':')[0]} ({reason_of(error)})"
        raise SettingsError(f"The data of {settings.data_dir} cannot be used: {reason}") from None
    return engine
