"""Releases from the command line: built, listed, activated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from sqlalchemy import Engine

from app.cli.curating.gate_report import ANY_ENCODER, tell_gate, tell_waiting
from app.cli.failures import Failed, expected, sentence
from app.cli.progress import progress
from app.compose.language_model import language_model
from app.compose.release_service import REINDEX, KnowledgeBase
from app.compose.services import knowledge_base, prepared_database, seed
from app.release_gate.child import ask_both
from app.release_gate.gate import ReleaseGate, why_held
from app.release_gate.gated_build import Built, GatedBuild
from app.settings import Settings, read_settings
from app.store.audit import AuditLog
from app.store.curators import OPERATOR
from app.store.gate_reports import GateReportRow, GateReports
from app.store.jobs import JobRunning, JobStore
from knowledge.encoders.types import TextEncoder, load_encoder, ready_model, stored_model
from knowledge.errors import BuildRunning, ReleaseHeld
from knowledge.progress import Show
from knowledge.releases.releases import EncoderStamp, ReleaseInfo, Releases, Standing
from knowledge.releases.snapshot import LocalSnapshot
from pipeline.ports import ChatModel

_LOADS_WITHIN_S = 300.0


def reindex() -> None:
    """Builds, checks and activates a release. An empty store takes the seeds first."""
    settings = read_settings()
    engine = prepared_database(settings)
    with progress() as show:
        base = knowledge_base(settings, engine, encoder(settings, show))
        for note in base.releases.take_stock()[1]:
            typer.echo(note, err=True)
        seed(base, settings)
        built = build(base, engine, show, settings)
    info, counts = built.info, built.info.counts
    AuditLog(engine).record(OPERATOR, "release.build", info.id)
    standing = "is active" if built.is_live else "is held back"
    typer.echo(
        f"Release {info.id} {standing}: {counts['entries']:,} entries, {counts['passages']:,} passages"
        f" ({counts['embedded']:,} newly embedded)."
    )
    if built.report is not None:
        tell_gate(built.report)
    if not built.is_live:
        raise Failed(
            f"The live release stays. See `candor releases diff {info.id}`; mend what it lost and reindex, or"
            f" activate it all the same: candor releases activate {info.id} --force --reason WHY"
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
    engine = prepared_database(settings)
    releases = Releases(engine, settings.data_dir, ANY_ENCODER)
    listed, reports = releases.list(), GateReports(engine).all()
    if not listed:
        typer.echo("There is no release yet: build one with `candor reindex`.", err=True)
        return
    heads = ("", "RELEASE", "BUILT (UTC)", "ENTRIES", "PASSAGES", "ENCODER", "GATE")
    rows = [heads, *(_row(info, reports.get(info.id)) for info in listed)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
    tell_waiting(engine, releases)


def activate(release_id: str, force: bool, reason: str) -> None:
    """`force` also activates what the gate held back, for a reason, which is kept. Raises `Failed` where that
    is missing, `ReleaseNotFound` and `ReleaseUnusable`; the active release stays then."""
    settings = read_settings()
    engine = prepared_database(settings)
    reports = GateReports(engine)
    with progress() as show:
        releases = Releases(engine, settings.data_dir, _stamp(settings, show))
        show(0.5, "checking the release")
        try:
            releases.activate(release_id, force=force)
        except ReleaseHeld as held:
            why = why_held(reports.get(release_id))
            raise Failed(f"{held} {why} To activate it all the same: --force --reason WHY") from None
    if force:
        reports.force(release_id, f"{reason} ({OPERATOR.name})")
    act = "release.forced" if force else "release.activated"
    AuditLog(engine).record(OPERATOR, act, release_id, {"reason": reason})
    typer.echo(f"Release {release_id} is active.")


def encoder(settings: Settings, show: Show) -> TextEncoder:
    """The encoder, exported first where that was not done yet. Raises `EncoderFailed`."""
    _announce_export(settings, show)
    return load_encoder(settings.encoder, settings.data_dir, settings.encoder_threads)


def build(base: KnowledgeBase, engine: Engine, show: Show, settings: Settings) -> Built:
    """A new release, live unless the gate holds it back, and a job that every process on this data can see
    meanwhile. Raises `BuildRunning`, also for a build in another process, and what `GatedBuild.run`
    raises."""
    jobs = JobStore(engine)
    jobs.interrupt_dead()
    try:
        job_id = jobs.begin(REINDEX)
    except JobRunning:
        raise BuildRunning from None

    def tell(share: float, doing: str) -> None:
        jobs.beat(job_id, share, doing)
        show(share, doing)

    try:
        gated = GatedBuild(base.entries, base.releases, base.builder, ReleaseGate(engine, settings, ask_both))
        built = gated.run(tell)
    except expected() as error:
        jobs.fail(job_id, sentence(error))
        raise
    except KeyboardInterrupt:
        jobs.interrupt(job_id)
        raise
    jobs.succeed(job_id, built.info.id, built.info.counts)
    gated.tidy()
    return built


def live_snapshot(base: KnowledgeBase, engine: Engine, settings: Settings, show: Show) -> LocalSnapshot:
    """The active release as a starting service would take it: recovered, or built where there is none."""
    show(0.5, "loading the active release")
    recovery = base.releases.recover()
    if recovery.snapshot is not None:
        for note in recovery.notes:
            typer.echo(note, err=True)
        return recovery.snapshot
    seed(base, settings)
    return build(base, engine, show, settings).snapshot


def _stamp(settings: Settings, show: Show) -> EncoderStamp:
    _announce_export(settings, show)
    stored = stored_model(settings.encoder, settings.data_dir)
    return EncoderStamp(stored.manifest.name, stored.manifest.dimension, stored.fingerprint)


def _announce_export(settings: Settings, show: Show) -> None:
    exported = ready_model(settings.encoder, settings.data_dir)
    show(0.0, "loading the encoder" if exported else "exporting the encoder, once: this can take a minute")


def _row(info: ReleaseInfo, report: GateReportRow | None) -> tuple[str, ...]:
    star = "*" if info.active else ""
    built = f"{info.created_at:%Y-%m-%d %H:%M:%S}"
    return (
        star,
        info.id,
        built,
        f"{info.counts['entries']:,}",
        f"{info.counts['passages']:,}",
        info.encoder.name,
        _gate(info, report),
    )


def _gate(info: ReleaseInfo, report: GateReportRow | None) -> str:
    if report is not None:
        return report.status
    return "not asked" if info.standing is not Standing.SOUND else ""
