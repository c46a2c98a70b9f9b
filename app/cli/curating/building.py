"""Releases from the command line: built, listed, activated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import typer
from sqlalchemy import Engine

from app.cli.failures import Failed, expected, sentence
from app.cli.progress import progress
from app.compose.language_model import language_model
from app.compose.release_service import REINDEX, KnowledgeBase
from app.compose.services import knowledge_base, prepared_database, seed
from app.settings import Settings, read_settings
from app.store.audit import AuditLog
from app.store.curators import OPERATOR
from app.store.jobs import JobRunning, JobStore
from knowledge.encoders.model_store import exported_model, open_model
from knowledge.encoders.types import TextEncoder, load_encoder
from knowledge.errors import BuildRunning
from knowledge.progress import Show
from knowledge.releases.releases import EncoderStamp, ReleaseInfo, Releases
from knowledge.releases.snapshot import LocalSnapshot
from pipeline.ports import ChatModel

_LOADS_WITHIN_S = 300.0
_ANY_ENCODER = EncoderStamp("", 0, "")  # none is needed to list releases


def reindex() -> None:
    """Builds, checks and activates a release. An empty store takes the seeds first."""
    settings = read_settings()
    engine = prepared_database(settings)
    with progress() as show:
        base = knowledge_base(settings, engine, encoder(settings, show))
        for note in base.releases.take_stock()[1]:
            typer.echo(note, err=True)
        seed(base, settings)
        info, _ = build(base, engine, show)
    AuditLog(engine).record(OPERATOR, "release.build", info.id)
    counts = info.counts
    typer.echo(
        f"Release {info.id} is active: {counts['entries']:,} entries, {counts['passages']:,} passages"
        f" ({counts['embedded']:,} newly embedded)."
    )


@contextmanager
def chat_model(settings: Settings, runner: asyncio.Runner, show: Show) -> Iterator[ChatModel | None]:
    """The owner's language model, where there is one, ready to be asked. Raises `Failed` where a local one
    does not load."""
    model = language_model(settings)
    if model is None:
        yield None
        return
    model.start()
    try:
        show(0.0, "loading the language model")
        if not model.wait_ready(_LOADS_WITHIN_S):
            raise Failed(f"The language model does not load: {model.last_words}")
        yield model.chat
    finally:
        runner.run(model.close())


def list_releases() -> None:
    """Prints all releases, newest first; the active one bears a star."""
    settings = read_settings()
    listed = Releases(prepared_database(settings), settings.data_dir, _ANY_ENCODER).list()
    if not listed:
        typer.echo("There is no release yet: build one with `candor reindex`.", err=True)
        return
    rows = [("", "RELEASE", "BUILT (UTC)", "ENTRIES", "PASSAGES", "ENCODER"), *map(_row, listed)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def activate(release_id: str) -> None:
    """Raises `ReleaseNotFound` and `ReleaseUnusable`; the active release stays then."""
    settings = read_settings()
    engine = prepared_database(settings)
    with progress() as show:
        releases = Releases(engine, settings.data_dir, _stamp(settings, show))
        show(0.5, "checking the release")
        releases.activate(release_id)
        AuditLog(engine).record(OPERATOR, "release.activated", release_id)
    typer.echo(f"Release {release_id} is active.")


def encoder(settings: Settings, show: Show) -> TextEncoder:
    """The encoder, exported first where that was not done yet. Raises `EncoderFailed`."""
    _announce_export(settings, show)
    return load_encoder(settings.encoder, settings.data_dir, settings.encoder_threads)


def build(base: KnowledgeBase, engine: Engine, show: Show) -> tuple[ReleaseInfo, LocalSnapshot]:
    """A new active release, and a job that every process on this data can see while it is made.
    Raises `BuildRunning`, also for a build in another process, and what `ReleaseBuilder.build` raises."""
    jobs = JobStore(engine)
    jobs.interrupt_dead()
    try:
        job_id = jobs.begin(REINDEX)
    except JobRunning:
        raise BuildRunning from None

    def tell(share: float, doing: str) -> None:
        jobs.beat(job_id, share)
        show(share, doing)

    try:
        info, snapshot = base.builder.build(base.entries.servable(date.today()), tell)
    except expected() as error:
        jobs.fail(job_id, sentence(error))
        raise
    except KeyboardInterrupt:
        jobs.interrupt(job_id)
        raise
    jobs.succeed(job_id, info.id, info.counts)
    return info, snapshot


def live_snapshot(base: KnowledgeBase, engine: Engine, settings: Settings, show: Show) -> LocalSnapshot:
    """The active release as a starting service would take it: recovered, or built where there is none."""
    show(0.5, "loading the active release")
    recovery = base.releases.recover()
    if recovery.snapshot is not None:
        for note in recovery.notes:
            typer.echo(note, err=True)
        return recovery.snapshot
    seed(base, settings)
    return build(base, engine, show)[1]


def _stamp(settings: Settings, show: Show) -> EncoderStamp:
    _announce_export(settings, show)
    stored = open_model(settings.encoder, settings.data_dir)
    return EncoderStamp(stored.manifest.name, stored.manifest.dimension, stored.fingerprint)


def _announce_export(settings: Settings, show: Show) -> None:
    exported = exported_model(settings.encoder, settings.data_dir)
    show(0.0, "loading the encoder" if exported else "exporting the encoder, once: this can take a minute")


def _row(info: ReleaseInfo) -> tuple[str, ...]:
    star = "*" if info.active else ""
    built = f"{info.created_at:%Y-%m-%d %H:%M:%S}"
    return (
        star,
        info.id,
        built,
        f"{info.counts['entries']:,}",
        f"{info.counts['passages']:,}",
        info.encoder.name,
    )
