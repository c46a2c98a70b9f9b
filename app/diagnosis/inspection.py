"""The findings that depend on the settings: data, database, encoder, release, seeds, engines."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.compose.seeds import Seeds
from app.diagnosis.findings import SETUP, Finding, State
from app.diagnosis.llm_inspection import inspect_llm
from app.settings import Settings, SettingsError, read_settings
from app.single_sign_on import ProviderUnavailable
from app.single_sign_on.provider import OpenIdProvider, missing
from app.single_sign_on.settings import OidcSettings
from app.store.database import sqlite_file
from app.store.database.db import open_database
from knowledge.curation.rows import content_hash
from knowledge.encoders.model_store import StoredModel
from knowledge.encoders.types import MULTILINGUAL_ENCODER, EncoderFailed, describe, load_encoder, ready_model
from knowledge.entries import EntryStore
from knowledge.errors import BackgroundUnusable
from knowledge.extras import install, lacking_to_export
from knowledge.releases.calibration import read_background
from knowledge.releases.releases import EncoderStamp, Releases
from knowledge.types import KnowledgeError
from knowledge.unreleased import changes_not_live
from learning.voice.phrase_report import phrase_row

_EXAMINED_S = 30.0
_LOOKS_AHEAD = timedelta(days=30)
_LEAST_FREE = 1 << 30
_REINDEX = "run `candor reindex`"


def inspect_service() -> Iterator[Finding]:
    """In the order in which a service comes to need the parts. Nothing is made, downloaded or repaired."""
    try:
        settings = read_settings()
        engine = open_database(settings.database)
    except SettingsError as error:
        yield Finding("settings", State.FAILED, str(error), "see .env.example")
        return
    yield _data_folder(settings.data_dir)
    yield (database := _database(engine))
    encoder, stored = _encoder(settings)
    yield encoder
    if database.state is State.OK:
        yield _release(settings, engine, stored)
        yield from _due(engine)
    yield from _seeds(settings)
    yield from inspect_llm(settings)
    yield _admin(settings)
    if settings.oidc.issuer:
        yield _single_sign_on(settings.oidc)


def _data_folder(folder: Path) -> Finding:
    """Tries to write, below the nearest folder that is there: permissions alone do not tell of a full or
    read-only disk."""
    nearest = folder.absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        with tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(b"candor")
        free = shutil.disk_usage(nearest).free
    except OSError as error:
        remedy = "make it writable, or set CANDOR_DATA_DIR to another folder"
        return Finding("data folder", State.FAILED, f"{folder.absolute()}: {error.strerror}", remedy)
    made = "" if folder.exists() else ", made at the first start"
    detail = f"{folder.absolute()}, writable, {free / 2**30:,.1f} GiB free{made}"
    if free < _LEAST_FREE:
        return Finding("data folder", State.NOTE, detail, "make room: a release is built beside the live one")
    return Finding("data folder", State.OK, detail)


def _database(engine: Engine) -> Finding:
    """An SQLite file that is not there yet is not made."""
    url = engine.url.render_as_string(hide_password=True)
    if _is_absent(engine):
        return Finding("database", State.OK, f"{url}, made at the first start")
    try:
        if not inspect(engine).has_table("entries"):
            return Finding("database", State.OK, f"{url}, empty")
        if engine.dialect.name == "sqlite":
            if found := sqlite_file.damage(engine, _EXAMINED_S):
                remedy = "put back a backup: see docs/operations.md"
                return Finding("database", State.FAILED, f"{url} is damaged: {found}", remedy)
            with engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # is it ours to write?
                connection.rollback()
        return Finding("database", State.OK, f"{url}, {EntryStore(engine).count():,} entries")
    except SQLAlchemyError as error:
        reason = error.orig if isinstance(error, DBAPIError) else type(error).__name__
        return Finding("database", State.FAILED, f"{url}: {reason}", "check CANDOR_DATABASE_URL and the file")


def _is_absent(engine: Engine) -> bool:
    """Merely connecting would make the file."""
    return engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists()


def _encoder(settings: Settings) -> tuple[Finding, StoredModel | None]:
    """The encoder, tried on one sentence if it is exported already."""
    try:
        stored = ready_model(settings.encoder, settings.data_dir)
        if stored is None:
            return _unexported(settings.encoder), None
        load_encoder(settings.encoder, settings.data_dir, settings.encoder_threads).encode(["a sentence"])
    except EncoderFailed as error:
        return Finding("encoder", State.FAILED, str(error), "check CANDOR_ENCODER, or " + SETUP), None
    info = describe(stored)
    cosine = "" if info.precision == "pytorch" else f", mean cosine {info.mean_cosine:.4f} to the original"
    detail = f"{info.name}, {info.precision}{cosine}, fingerprint {info.fingerprint}, cached in {info.path}"
    if info.reason and info.name != MULTILINGUAL_ENCODER:
        return Finding("encoder", State.NOTE, f"{detail}; not int8: {info.reason}"), stored
    return Finding("encoder", State.OK, detail), stored


def _unexported(name: str) -> Finding:
    detail = f"{name}, not cached yet"
    if missing := lacking_to_export():
        return Finding("encoder", State.FAILED, f"{detail}, and {missing}", install("train"))
    return Finding("encoder", State.OK, f"{detail}: exported at the first start, within a minute")


def _release(settings: Settings, engine: Engine, stored: StoredModel | None) -> Finding:
    """The active release, read as a starting service would read it."""
    if _is_absent(engine) or not inspect(engine).has_table("active_release"):
        return Finding("active release", State.OK, "none yet: the first start builds one")
    stamp = EncoderStamp("", 0, "")
    if stored is not None:
        stamp = EncoderStamp(stored.manifest.name, stored.manifest.dimension, stored.fingerprint)
    releases = Releases(engine, settings.data_dir, stamp)
    release_id = releases.active_id()
    if release_id is None:
        return Finding("active release", State.NOTE, "none yet", _REINDEX)
    if stored is None:
        return Finding("active release", State.NOTE, f"{release_id}: without an encoder it cannot be checked")
    try:
        snapshot = releases.load(release_id)
    except KnowledgeError as error:
        return Finding("active release", State.NOTE, str(error), _REINDEX)
    count = f"{len(snapshot.entries):,} entries"
    detail = f"{release_id}, {count}, intact, made by this encoder"
    hashes = {entry.id: content_hash(entry) for entry in snapshot.entries.values()}
    if waiting := changes_not_live(engine, hashes):
        return Finding(
            "active release", State.NOTE, f"{detail}; changes that are not live: {waiting:,}", _REINDEX
        )
    return Finding("active release", State.OK, detail)


def _due(engine: Engine) -> Iterator[Finding]:
    """Entries that will soon be silent, and those that somebody should have read again."""
    if _is_absent(engine) or not inspect(engine).has_table("entry_versions"):
        return
    store, today = EntryStore(engine), date.today()
    listed = "see `candor entries expiring`"
    soon = store.page(expires_before=today + _LOOKS_AHEAD, limit=1).total
    gone = store.page(expires_before=today, limit=1).total
    if soon:
        told = f"{soon - gone:,} expire within {_LOOKS_AHEAD.days} days, {gone:,} have expired"
        yield Finding("entries that expire", State.NOTE, told, listed)
    if due := store.page(review_before=today + timedelta(days=1), limit=1).total:
        yield Finding("entries to review", State.NOTE, f"{due:,} are past their review", listed)


def _seeds(settings: Settings) -> Iterator[Finding]:
    """What a first start takes its entries from, and the chain its words and examples."""
    folder = settings.seeds_dir
    try:
        seeds = Seeds.read(settings)
        read_background(folder)
    except (SettingsError, BackgroundUnusable) as error:
        yield Finding("seeds", State.FAILED, str(error), "mend the file, or set CANDOR_SEEDS_DIR")
        return
    entries = len(list((folder / "kb").rglob("*.md")))
    conversations = len(list((folder / "conversations").glob("*.txt")))
    detail = f"{folder.absolute()}, {entries:,} entries, {conversations:,} example conversations"
    yield Finding("seeds", State.OK, detail)
    yield from _voice(seeds, folder)


def _voice(seeds: Seeds, folder: Path) -> Iterator[Finding]:
    """Each phrase that recurs in the example conversations: what is said, and what waits for the owner."""
    for phrase in seeds.phrases.heard:
        text, kind, times, where, said = phrase_row(phrase, seeds.heard_in)
        detail = f"{kind}, {times} times in {where}: “{text}”"
        if phrase.waits:
            remedy = f"add it to `accepted:` in {folder / 'voice.yaml'} if it may be said"
            yield Finding("voice", State.NOTE, f"{detail}; may be said: {said}", remedy)
        else:
            yield Finding("voice", State.OK, f"{detail}; may be said: {said}")


def _admin(settings: Settings) -> Finding:
    if settings.admin_token is None:
        return Finding("admin side", State.NOTE, "off", "set CANDOR_ADMIN_TOKEN to open /admin")
    return Finding("admin side", State.OK, "open to whoever bears CANDOR_ADMIN_TOKEN")


def _single_sign_on(chosen: OidcSettings) -> Finding:
    """Whether the provider can be asked, from here and now."""
    name = "single sign-on"
    if problem := missing(chosen):
        return Finding(name, State.FAILED, problem, install("oidc"))
    try:
        asyncio.run(OpenIdProvider(chosen).metadata())
    except ProviderUnavailable as error:
        remedy = "check CANDOR_OIDC__ISSUER, and whether this machine reaches it"
        return Finding(name, State.FAILED, f"{chosen.issuer}: {error.reason}", remedy)
    who = ", ".join(chosen.domains) or ("groups" if chosen.roles else "users of the console")
    return Finding(name, State.OK, f"{chosen.issuer} answers; comes in: {who}")
