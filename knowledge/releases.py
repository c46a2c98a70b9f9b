"""Releases: built beside the live one, checked, recorded, activated by one row, rolled back the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine

from knowledge.snapshot import LocalSnapshot
from knowledge.types import Calibration, Entry, Snapshot

Progress = Callable[[float, str], None]
"""Called with the share of the work done, 0..1, and what is being done."""

Calibrate = Callable[[LocalSnapshot], Calibration]
"""Makes a release's calibration from its still uncalibrated, already searchable snapshot."""

Check = Callable[[Snapshot], Mapping[str, float]]
"""Figures of a finished release; raises `ReleaseRejected` to keep it from going live."""


@dataclass(frozen=True, slots=True)
class EncoderStamp:
    """Which encoder made a release's vectors. Another fingerprint or dimension makes it unusable."""

    name: str
    dimension: int
    fingerprint: str


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


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a start found. `snapshot` is None where no release can serve; `rebuild_due` says whether the
    active one is missing or unusable; `notes` tell an operator what was found and done, in plain English."""

    snapshot: LocalSnapshot | None
    rebuild_due: bool
    notes: tuple[str, ...]


class LiveRelease:
    """The one reference that a swap assigns. Readers take `current` once a search and need no lock."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._snapshot = snapshot

    @property
    def current(self) -> Snapshot:
        """Raises `NoLiveRelease`."""
        raise NotImplementedError

    @property
    def release_id(self) -> str | None:
        raise NotImplementedError

    def swap(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot


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
    ) -> None: ...

    def list(self) -> tuple[ReleaseInfo, ...]:
        """Newest first."""
        raise NotImplementedError

    def active_id(self) -> str | None:
        """Which release the database says is active: cheap, made for polling."""
        raise NotImplementedError

    def load(self, release_id: str) -> LocalSnapshot:
        """Raises `ReleaseNotFound`, `ReleaseUnusable`."""
        raise NotImplementedError

    def activate(self, release_id: str) -> LocalSnapshot:
        """Loads a release, then records it as active; the caller swaps. Rolling back is this.
        Raises `ReleaseNotFound`, `ReleaseUnusable` (and the active one stays)."""
        raise NotImplementedError

    def recover(self) -> Recovery:
        """What to do at start: clears unfinished builds, loads the active release or the newest that loads.
        Never raises for what it finds on disk."""
        raise NotImplementedError


class ReleaseBuilder:
    """Builds releases. `embed` is `CachedEmbedder.embed`."""

    def __init__(
        self,
        releases: Releases,
        embed: Callable[..., object],
        calibrate: Calibrate,
        check: Check | None = None,
    ) -> None: ...

    def build(
        self, entries: Sequence[Entry], progress: Progress | None = None, *, activate: bool = True
    ) -> tuple[ReleaseInfo, LocalSnapshot]:
        """Builds, reloads from disk, probes, checks, records and (by default) activates a release of
        `entries` (give it `EntryStore.servable(today)`); the caller swaps.
        Raises `BuildRunning`, `StorageFailed`, `ReleaseUnusable` (the probe failed), `ReleaseRejected`,
        and what `embed` raises; the live release is untouched then."""
        raise NotImplementedError
