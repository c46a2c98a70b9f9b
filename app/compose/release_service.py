"""Which release serves: found or built at start, rebuilt on request, followed where another process acts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain, repeat
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from app.api.errors import Problem, unavailable
from app.metrics import Metrics
from app.release_gate.gate import ReleaseGate, why_held
from app.release_gate.gated_build import Built, GatedBuild
from app.settings import SettingsError
from app.store.database.database_watch import DatabaseWatch, fault_of
from app.store.gate_reports import GateReportRow
from app.store.jobs import JobRunning, JobStatus, JobStore
from app.store.storage import Storage
from knowledge.curation.rows import content_hash
from knowledge.encoders.types import EncoderFailed
from knowledge.entries import EntryStore
from knowledge.errors import ReleaseHeld, ReleaseUnusable, StorageFailed
from knowledge.releases.releases import LiveRelease, ReleaseBuilder, ReleaseInfo, Releases
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import FloatArray, KnowledgeError, Snapshot

REINDEX = "reindex"
_BEAT_S = 10.0
_DEFECT = "The build ended unexpectedly: see the service's log."
_TOLD_EVERY = 0.02  # least progress worth a write
_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # before trying again; the last one stays
_FAILURES = (KnowledgeError, EncoderFailed, SQLAlchemyError, SettingsError)
_T = TypeVar("_T")
_log = logging.getLogger("candor.releases")


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """What can be done once the encoder is loaded."""

    entries: EntryStore
    releases: Releases
    builder: ReleaseBuilder
    embed: Callable[[Sequence[str]], FloatArray]  # cached, blocking
    encode: Callable[[Sequence[str]], FloatArray]  # blocking; keeps nothing
    ordinary_words: Callable[[], Set[str]]  # of the encoder's language, lower case


class Stopped(KnowledgeError):
    """The service stops: a build under way is given up."""


class ReleaseService:
    """Keeps `live` on the active release. `open_base` loads the encoder, `seed` fills an empty store; both
    block and run in threads, so that the service answers /health/live from its first moment."""

    def __init__(
        self,
        open_base: Callable[[], KnowledgeBase],
        seed: Callable[[KnowledgeBase], None],
        live: LiveRelease,
        jobs: JobStore,
        metrics: Metrics,
        watch: DatabaseWatch,
        storage: Storage,
        *,
        follow_every_s: float,
        gate: ReleaseGate | None = None,
    ) -> None:
        self._open_base = open_base
        self._seed = seed
        self._live = live
        self._jobs = jobs
        self._metrics = metrics
        self._watch = watch
        self._storage = storage
        self._follow_every_s = follow_every_s
        self._gate = gate
        self._served: tuple[str, Mapping[str, str]] = ("", {})
        self._changes: tuple[object, int] = (None, 0)
        self._base: KnowledgeBase | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._unusable: str | None = None
        self._state = "starting"
        self.recovered = False  # what the last process left has been looked at

    @property
    def ready(self) -> bool:
        return self._live.release_id is not None and self._watch.fault is None

    @property
    def state(self) -> str:
        """What the service waits for, or does."""
        return self._watch.fault or self._state

    @property
    def base(self) -> KnowledgeBase:
        """Raises a 503 `Problem` until the encoder is loaded."""
        if self._base is None:
            raise unavailable(f"The service is not ready: {self.state}.", kind="not-ready")
        return self._base

    @property
    def embedding(self) -> Callable[[Sequence[str]], FloatArray] | None:
        """What makes unit vectors of texts, cached and blocking; None until the encoder is loaded."""
        return self._base.embed if self._base is not None else None

    def start(self) -> None:
        self._spawn(self._run())

    async def stop(self) -> None:
        self._stopping = True
        building = [task for task in self._tasks if task.get_name() == REINDEX]
        for task in self._tasks.difference(building):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def list(self) -> tuple[ReleaseInfo, ...]:
        return self.base.releases.list()

    def reports(self) -> Mapping[str, GateReportRow]:
        """What the gate found, by release."""
        return self._gate.reports.all() if self._gate else {}

    def report(self, release_id: str | None) -> GateReportRow | None:
        return self._gate.reports.get(release_id) if self._gate and release_id else None

    def changes_not_live(self) -> int:
        """How many entries a release built now would add, change or drop. 0 while nothing can be built."""
        if self._base is None or self._gate is None:
            return 0
        release_id = self._live.release_id
        if release_id is None:
            return self._gate.changes_not_live({})
        if self._served[0] != release_id:
            try:
                self._served = release_id, self._base.releases.hashes(release_id)
            except ReleaseUnusable:  # its folder is gone: what it serves tells
                entries = self._live.current.entries
                self._served = release_id, {name: content_hash(entry) for name, entry in entries.items()}
        state = (release_id, self._base.entries.state(), date.today())
        if self._changes[0] != state:
            self._changes = state, self._gate.changes_not_live(self._served[1])
        return self._changes[1]

    def served_ids(self) -> Set[str]:
        """The ids of the entries that are served, none while nothing is."""
        return self._live.current.entries.keys() if self._live.release_id else frozenset()

    def is_live(self, release_id: str) -> bool:
        return release_id == self._live.release_id

    async def load(self, release_id: str) -> Snapshot:
        """A release to be tried; the one that serves costs nothing. Raises what `Releases.load` raises."""
        if release_id == self._live.release_id:
            return self._live.current
        return await self._storage.run(self.base.releases.load, release_id, self._beside())

    async def activate(self, release_id: str, *, forced: str = "") -> None:
        """Rolls back, or forward; `forced` is the reason to activate what did not pass. Raises a 409
        `Problem` that names what such a release would lose, and what `Releases.activate` raises; the live
        release stays then."""
        try:
            activate = partial(self.base.releases.activate, force=bool(forced), beside=self._beside())
            snapshot = await self._storage.run(activate, release_id)
        except ReleaseHeld as held:
            report = await self._storage.run(self.report, release_id)
            detail = f"{held} {why_held(report)}"
            more = {"bars": [bar for bar in report.bars if bar["fell"]] if report else []}
            raise Problem(409, "release-held", detail, more=more) from None
        self._swap(snapshot)
        if forced and self._gate is not None:
            await self._storage.run(self._gate.reports.force, release_id, forced)

    async def reindex(self) -> str:
        """Begins a build in the background and gives its job's id. Raises a 409 `Problem` naming the job
        that is under way."""
        base = self.base
        try:
            job_id = await self._storage.run(self._jobs.begin, REINDEX)
        except JobRunning as running:
            more = {"job_id": running.job_id}
            raise Problem(409, "reindex-running", "A reindex is running already.", more=more) from None
        self._spawn(self._build(base, job_id), name=REINDEX)
        return job_id

    async def _run(self) -> None:
        await self._until_done(lambda: self._storage.run(self._watch.examine), "the database cannot be used")
        base = await self._until_done(self._opened, "the encoder or the seeds cannot be loaded")
        await self._until_done(self._interrupt_dead, "the jobs of the last process cannot be read")
        self._base = base
        await self._until_done(lambda: self._recover(base), "there is no release, and none could be built")
        self.recovered = True
        while True:
            await asyncio.sleep(self._follow_every_s)
            if await self._storage.run(self._watch.look):
                await self._follow(base)

    async def _until_done(self, step: Callable[[], Awaitable[_T]], otherwise: str) -> _T:
        """What `step` gives, tried again while it fails: a lock is released, a disk cleared, a file mended.
        `otherwise` is the state meanwhile. A service that stops gives up: the failure is raised then."""
        waits_s = chain(_WAITS_S, repeat(_WAITS_S[-1]))
        while True:
            try:
                return await step()
            except _FAILURES as error:
                if self._stopping:
                    raise
                self._state = _why(error) or otherwise
                _log.error("%s: %s", self._state, error)
                await asyncio.sleep(next(waits_s))

    async def _opened(self) -> KnowledgeBase:
        self._state = "loading the encoder"
        _log.info("%s", self._state)
        return await self._storage.run(self._open_base)

    async def _interrupt_dead(self) -> None:
        for job_id in await self._storage.run(self._jobs.interrupt_dead):
            _log.warning("job %s was interrupted by the end of its process", job_id)

    async def _recover(self, base: KnowledgeBase) -> None:
        """Serves what is there, or begins to build what is not. Raises what reading and seeding raise."""
        self._state = "loading the active release"
        recovery = await self._storage.run(base.releases.recover)
        for note in recovery.notes:
            _log.warning("%s", note)
        if recovery.snapshot is not None:
            self._swap(recovery.snapshot)
        await self._storage.run(self._seed, base)
        if recovery.rebuild_due:
            await self._build_first(base)

    async def _build_first(self, base: KnowledgeBase) -> None:
        if await self._storage.run(base.entries.servable, date.today()):
            self._state = "building a release"
            with suppress(Problem):  # another process builds already: its release will be followed
                await self.reindex()
        else:
            self._state = "there are no entries to serve: import some and reindex"
            if base.releases.any_on_disk() and not base.releases.list():
                self._state = "the database was lost and no release is whole: put back a backup, or import"
            _log.warning("%s", self._state)

    async def _follow(self, base: KnowledgeBase) -> None:
        """Swaps in the release that another process made active. One that cannot be loaded is told once."""
        if any(task.get_name() == REINDEX for task in self._tasks):
            return
        try:
            active = await self._storage.run(base.releases.active_id)
            if active in (None, self._live.release_id, self._unusable):
                return
            self._unusable = active
            self._swap(await self._storage.run(base.releases.load, active, self._beside()))
            self._unusable = None
        except _FAILURES as error:
            _log.error("the active release cannot be loaded: %s", error)

    async def _build(self, base: KnowledgeBase, job_id: str) -> None:
        """Builds, and ends the job whatever happens: one left open would bar every later build."""
        beating = asyncio.create_task(self._beat(job_id))
        end, outcome = partial(self._jobs.fail, job_id, _DEFECT), JobStatus.FAILED
        try:
            built = await self._storage.run(self._build_blocking, base, job_id)
            if built.is_live:
                self._swap(built.snapshot)
            end = partial(self._jobs.succeed, job_id, built.info.id, built.info.counts)
            outcome = JobStatus.SUCCEEDED
            del built
        except Stopped:
            end, outcome = partial(self._jobs.interrupt, job_id), JobStatus.INTERRUPTED
        except _FAILURES as error:
            _log.error("the build failed: %s", error)
            told = "The database failed." if isinstance(error, SQLAlchemyError) else str(error)
            end = partial(self._jobs.fail, job_id, told)
        finally:
            beating.cancel()
            self._metrics.build(outcome)
            if outcome is JobStatus.FAILED:
                self._state = "the last build failed"
            await self._until_done(lambda: self._storage.run(end), "the end of a build cannot be recorded")
        if outcome is JobStatus.SUCCEEDED:
            await self._storage.run(self._gated(base).tidy)

    def _gated(self, base: KnowledgeBase) -> GatedBuild:
        return GatedBuild(base.entries, base.releases, base.builder, self._gate)

    def _build_blocking(self, base: KnowledgeBase, job_id: str) -> Built:
        told = -1.0

        def progress(share: float, doing: str) -> None:
            nonlocal told
            if self._stopping:
                raise Stopped("The service is stopping.")
            if share - told >= _TOLD_EVERY or share >= 1:
                told = share
                self._jobs.beat(job_id, share, doing)
                _log.info("building a release: %d %%, %s", round(share * 100), doing)

        started = time.perf_counter()
        built = self._gated(base).run(progress, self._live.release_id, self._beside())
        _log.info("release %s built in %.1f s", built.info.id, time.perf_counter() - started)
        return built

    def _beside(self) -> LocalSnapshot | None:
        """What serves, where another release may share with it."""
        live = self._live.current if self._live.release_id else None
        return live if isinstance(live, LocalSnapshot) else None

    async def _beat(self, job_id: str) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            with suppress(SQLAlchemyError):  # one beat less
                await self._storage.run(self._jobs.beat, job_id)

    def _swap(self, snapshot: Snapshot) -> None:
        self._live.swap(snapshot)
        self._metrics.release(snapshot.release_id)
        self._state = "ready"
        _log.info("release %s serves", snapshot.release_id)

    def _spawn(self, work: Coroutine[Any, Any, None], *, name: str = "releases") -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.critical("%s ended: releases are no longer looked after", task.get_name(), exc_info=error)


def _why(error: Exception) -> str | None:
    """What the state says of a failure that is the database's or the disk's, whatever was being done."""
    if isinstance(error, SQLAlchemyError):
        return fault_of(error)
    return str(error).rstrip(".") if isinstance(error, StorageFailed) else None
