"""Which releases there are and which one is active: a table, and the folders it speaks of."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import JSON, Column, DateTime, Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Field, Session, SQLModel, col, select

from knowledge.entries import EntryStore
from knowledge.errors import BuildRunning, ReleaseHeld, ReleaseNotFound, ReleaseUnusable, StorageFailed
from knowledge.index.embedding_cache import Unused
from knowledge.releases.files import (
    EncoderStamp,
    Manifest,
    known_lines,
    peek_manifest,
    read_hashes,
    read_release,
    storing,
)
from knowledge.releases.recovery import clear_unfinished, restore_entries, sorted_out
from knowledge.releases.shared_lines import NO_LINES
from knowledge.releases.snapshot import LocalSnapshot

_ACTIVE = 1
_CANDIDATES_KEPT = 2


class Standing(StrEnum):
    """Whether a release may go live."""

    SOUND = "sound"
    CANDIDATE = "candidate"  # not examined yet, or its examination was interrupted
    HELD = "held"  # examined, and held back


@dataclass(frozen=True, slots=True)
class ReleaseInfo:
    """A release as recorded. `counts`: entries, passages, embedded, reused."""

    id: str
    created_at: datetime
    active: bool
    encoder: EncoderStamp
    content_hash: str
    counts: Mapping[str, int]
    figures: Mapping[str, float]
    standing: Standing = Standing.SOUND


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a start found. `snapshot` is None where no release can serve; `rebuild_due` says whether the
    active one is missing or unusable; `notes` tell an operator what was found and done, in plain English."""

    snapshot: LocalSnapshot | None
    rebuild_due: bool
    notes: tuple[str, ...]


class ReleaseRow(SQLModel, table=True):
    __tablename__ = "releases"

    id: str = Field(primary_key=True, max_length=40)
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    encoder_name: str
    encoder_dimension: int
    encoder_fingerprint: str
    content_hash: str = Field(max_length=64)
    manifest_sha256: str = Field(max_length=64)
    counts: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    figures: dict[str, float] = Field(sa_column=Column(JSON, nullable=False))
    standing: str = Field(default=Standing.SOUND.value, max_length=16)


class ActiveRelease(SQLModel, table=True):
    """One row: which release is active. Changing it is what activates a release."""

    __tablename__ = "active_release"

    id: int = Field(default=_ACTIVE, primary_key=True)
    release_id: str = Field(max_length=40)
    activated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Releases:
    """The releases of one data folder and database. Synchronous; safe to use from many threads."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        encoder: EncoderStamp,
        *,
        keep: int = 5,
        today: Callable[[], date] = date.today,
    ) -> None:
        self.encoder = encoder
        self.today = today
        self._engine = engine
        self._data_dir = data_dir
        self._folder = data_dir / "releases"
        self._keep = keep

    def list(self) -> tuple[ReleaseInfo, ...]:
        """Newest first."""
        newest_first = select(ReleaseRow).order_by(
            col(ReleaseRow.created_at).desc(), col(ReleaseRow.id).desc()
        )
        active = self.active_id()
        with Session(self._engine) as session:
            return tuple(_info(row, active) for row in session.exec(newest_first))

    def active_id(self) -> str | None:
        """Which release the database says is active: cheap, made for polling."""
        with Session(self._engine) as session:
            row = session.get(ActiveRelease, _ACTIVE)
            return row.release_id if row else None

    def load(self, release_id: str, beside: LocalSnapshot | None = None) -> LocalSnapshot:
        """The release; what it has in common with `beside`, another one that is in memory, is shared. Raises
        `ReleaseNotFound`, `ReleaseUnusable`."""
        with Session(self._engine) as session:
            sha256 = _known(session, release_id).manifest_sha256
            other = session.get(ReleaseRow, beside.release_id) if beside else None
        known = NO_LINES
        if beside is not None and other is not None:
            known = known_lines(self._folder / other.id, other.manifest_sha256, beside)
        return read_release(self._folder / release_id, self.encoder, sha256, self.today, known)

    def activate(
        self, release_id: str, *, force: bool = False, beside: LocalSnapshot | None = None
    ) -> LocalSnapshot:
        """Loads a release as `load` does, then records it as active; the caller swaps. Rolling back is this.
        `force`: also one that has not passed. Raises `ReleaseNotFound`, `ReleaseHeld`, `ReleaseUnusable` (and
        the active one stays) and `StorageFailed`."""
        if not force and self.standing(release_id) is not Standing.SOUND:
            raise ReleaseHeld(release_id)
        snapshot = self.load(release_id, beside)
        self.make_live(release_id)
        return snapshot

    def make_live(self, release_id: str) -> None:
        """Records a release that is loaded already as sound and active. Raises `ReleaseNotFound` and
        `StorageFailed`."""
        with self._writing() as session:
            _known(session, release_id).standing = Standing.SOUND.value
            _mark_active(session, release_id)

    def hold(self, release_id: str) -> None:
        """Records that a release was examined and is held back. Raises `ReleaseNotFound` and
        `StorageFailed`."""
        with self._writing() as session:
            _known(session, release_id).standing = Standing.HELD.value

    def standing(self, release_id: str) -> Standing:
        """Raises `ReleaseNotFound`."""
        with Session(self._engine) as session:
            return Standing(_known(session, release_id).standing)

    def hashes(self, release_id: str) -> Mapping[str, str]:
        """The content hash of each of its entries, by id, read from disk. Raises `ReleaseUnusable`."""
        return read_hashes(self._folder / release_id)

    def manifest(self, release_id: str) -> Manifest | None:
        """What a release says about itself, unchecked; None where that cannot be read."""
        return peek_manifest(self._folder / release_id)

    def record(
        self,
        manifest: Manifest,
        manifest_sha256: str,
        *,
        activate: bool,
        standing: Standing = Standing.SOUND,
    ) -> ReleaseInfo:
        """Enters a finished release into the table and, with the same commit, may make it the active one.
        Raises `StorageFailed`."""
        row = ReleaseRow(
            id=manifest.release_id,
            created_at=manifest.created_at,
            encoder_name=manifest.encoder.name,
            encoder_dimension=manifest.encoder.dimension,
            encoder_fingerprint=manifest.encoder.fingerprint,
            content_hash=manifest.content_hash,
            manifest_sha256=manifest_sha256,
            counts=dict(manifest.counts),
            figures=dict(manifest.figures),
            standing=standing.value,
        )
        with self._writing() as session:
            session.add(row)
            if activate:
                _mark_active(session, row.id)
            session.flush()
            return _info(row, row.id if activate else None)

    def prune(self) -> None:
        """Removes all but the newest releases and the active one, with the vectors that only they used. What
        was held back takes no place of what can be gone back to. Raises `StorageFailed`."""
        listed = self.list()
        sound = [release for release in listed if release.standing is Standing.SOUND]
        others = [release for release in listed if release.standing is not Standing.SOUND]
        old = [
            release for release in (*sound[self._keep :], *others[_CANDIDATES_KEPT:]) if not release.active
        ]
        if not old:
            return
        kept = [self._folder / release.id for release in listed if release not in old]
        unused = Unused([self._folder / release.id for release in old], kept)
        with self._writing() as session:
            for release in old:
                if row := session.get(ReleaseRow, release.id):
                    session.delete(row)
        for release in old:
            shutil.rmtree(self._folder / release.id, ignore_errors=True)
        encoders = {release.encoder.fingerprint for release in old}
        in_use = {release.encoder.fingerprint for release in listed if release not in old}
        unused.forget(self._engine, encoders, in_use | {self.encoder.fingerprint})

    def any_on_disk(self) -> bool:
        """Whether there is any release's folder, known or not."""
        return self._folder.is_dir() and any(path.is_dir() for path in self._folder.iterdir())

    def folder(self, release_id: str) -> Path:
        return self._folder / release_id

    @contextmanager
    def building(self) -> Iterator[None]:
        """Holds the one lock that lets a process build on this data. Raises `BuildRunning`,
        `StorageFailed`."""
        with storing("Preparing the build"):
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._data_dir / "release.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise BuildRunning from None
        try:
            yield
        finally:
            lock.release()

    def recover(self) -> Recovery:
        """What to do at start: clears up, then loads the active release or the newest that loads. Never
        raises for what it finds on disk, and leaves the record of which one is active as it is, unless there
        is none because a build was killed before it was recorded, or the database was lost."""
        adopted, found = self.take_stock()
        notes = [*found]
        active = self.active_id()
        if active is None and not adopted:
            return Recovery(None, True, (*notes, "No release is active yet: a build is due."))
        first = [active] if active else []
        for release_id in (*first, *(release.id for release in self.list() if _may_serve(release))):
            try:
                snapshot = self.load(release_id)
            except (ReleaseUnusable, ReleaseNotFound) as error:
                notes.append(str(error))
                continue
            if active is None:
                with self._writing() as session:
                    _mark_active(session, release_id)
            elif release_id != active:
                notes.append(f"Release {release_id} serves in place of {active}: a rebuild is due.")
            return Recovery(snapshot, release_id != (active or release_id), tuple(notes))
        return Recovery(None, True, (*notes, "No release can be loaded: a rebuild is due."))

    def take_stock(self) -> tuple[bool, tuple[str, ...]]:
        """Makes table and folder agree, unless a build is running right now: what is whole is adopted, what
        is not goes, and where the database was lost, entries are restored. Gives whether any release was
        adopted, and notes."""
        try:
            with self.building():
                notes = [*clear_unfinished(self._folder)]
                known = {release.id for release in self.list()}
                whole, broken = sorted_out(self._folder, known)
                store = EntryStore(self._engine)
                is_lost = not known and bool(whole or broken) and not store.count()
                if is_lost:
                    notes += restore_entries(store, whole)
                for found in whole:
                    unseen = found.manifest.is_candidate and bool(known)
                    standing = Standing.CANDIDATE if unseen else Standing.SOUND
                    self.record(found.manifest, found.sha256, activate=False, standing=standing)
                    notes.append(f"Release {found.manifest.release_id} was not recorded: it is now.")
                for folder in () if is_lost else broken:
                    shutil.rmtree(folder, ignore_errors=True)
                    notes.append(f"Release {folder.name} was not recorded and is not whole: it was removed.")
                return bool(whole), tuple(notes)
        except (BuildRunning, StorageFailed) as error:
            return False, (str(error),)

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            raise StorageFailed(f"The database cannot be written: {error.orig}.") from error


def _known(session: Session, release_id: str) -> ReleaseRow:
    row = session.get(ReleaseRow, release_id)
    if row is None:
        raise ReleaseNotFound(release_id)
    return row


def _may_serve(release: ReleaseInfo) -> bool:
    """In place of the active one, which is broken or unknown."""
    return not release.active and release.standing is Standing.SOUND


def _mark_active(session: Session, release_id: str) -> None:
    session.merge(ActiveRelease(id=_ACTIVE, release_id=release_id, activated_at=datetime.now(UTC)))


def _info(row: ReleaseRow, active: str | None) -> ReleaseInfo:
    created = row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC)
    encoder = EncoderStamp(row.encoder_name, row.encoder_dimension, row.encoder_fingerprint)
    return ReleaseInfo(
        row.id,
        created,
        row.id == active,
        encoder,
        row.content_hash,
        row.counts,
        row.figures,
        Standing(row.standing),
    )
