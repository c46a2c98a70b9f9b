"""Releases: built beside the live one, checked, recorded, activated by one row, rolled back the same way."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge.curation.rows import content_hash
from knowledge.errors import NoLiveRelease, ReleaseRejected, ReleaseUnusable, StorageFailed
from knowledge.progress import Show
from knowledge.releases.files import (
    BUILDING,
    EncoderStamp,
    Manifest,
    read_release,
    storing,
    sync,
    write_release,
)
from knowledge.releases.snapshot import LocalSnapshot, lay_out
from knowledge.releases.storing import Recovery, ReleaseInfo, Releases
from knowledge.types import Calibration, Entry, Snapshot, View

if TYPE_CHECKING:
    from knowledge.index.embedding_cache import EmbedResult

__all__ = [
    "Calibrate",
    "Embed",
    "EncoderStamp",
    "LiveRelease",
    "Recovery",
    "ReleaseBuilder",
    "ReleaseInfo",
    "Releases",
]

Embed = Callable[[Sequence[str], Callable[[int, int], None] | None], "EmbedResult"]
"""`CachedEmbedder.embed`: vectors for texts, and how many were new; told `(done, total)` on the way."""

Calibrate = Callable[[LocalSnapshot], Calibration]
"""Makes a release's calibration from its still uncalibrated, already searchable snapshot."""

_PROBED = 50
_PROBE_DEPTH = 10
_PROBE_SHARE = 0.8  # entries that ask nearly the same may crowd each other out; a broken index finds none


class LiveRelease:
    """The one reference that a swap assigns. Readers take `current` once a search and need no lock."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._snapshot = snapshot

    @property
    def current(self) -> Snapshot:
        """Raises `NoLiveRelease`."""
        if (snapshot := self._snapshot) is None:
            raise NoLiveRelease
        return snapshot

    @property
    def release_id(self) -> str | None:
        return snapshot.release_id if (snapshot := self._snapshot) else None

    def swap(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot


class ReleaseBuilder:
    """Builds releases. `embed` is `CachedEmbedder.embed`."""

    def __init__(self, releases: Releases, embed: Embed, calibrate: Calibrate) -> None:
        self._releases = releases
        self._embed = embed
        self._calibrate = calibrate

    def build(
        self, entries: Sequence[Entry], progress: Show | None = None, *, activate: bool = True
    ) -> tuple[ReleaseInfo, LocalSnapshot]:
        """Builds, reloads from disk, probes, records and (by default) activates a release of those of
        the entries that may be served today; the caller swaps.
        Raises `BuildRunning`, `StorageFailed`, `ReleaseUnusable` (the probe failed), `ReleaseRejected`
        (nothing to serve) and what `embed` raises; the live one is untouched then."""
        report = progress or _silent
        with self._releases.building():
            release_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
            folder = self._releases.folder(release_id + BUILDING)
            final = self._releases.folder(release_id)
            recorded = False
            try:
                with storing("Starting the build"):
                    folder.mkdir()
                draft, manifest = self._draft(release_id, entries, report)
                snapshot, manifest, sha256 = self._finish(folder, draft, manifest, report)
                with storing("Putting the release in place"):
                    folder.rename(final)
                    sync(final.parent)
                info = self._releases.record(manifest, sha256, activate=activate)
                recorded = True
            finally:
                if not recorded:
                    shutil.rmtree(folder, ignore_errors=True)
                    shutil.rmtree(final, ignore_errors=True)
            with suppress(StorageFailed):  # the new release is live; old ones go next time
                self._releases.prune()
        report(1.0, "done")
        return info, snapshot

    def _draft(
        self, release_id: str, entries: Sequence[Entry], report: Show
    ) -> tuple[LocalSnapshot, Manifest]:
        """The release in memory, calibrated, and its manifest."""
        today = self._releases.today()
        listed = sorted((e for e in entries if e.is_servable(today)), key=lambda entry: entry.id)
        if not listed:
            raise ReleaseRejected("There is no approved, unexpired entry to serve.")
        passages = lay_out(listed)
        report(0.02, "embedding")
        embedded = self._embed([passage.search_text for passage in passages], _embedding(report))
        report(0.80, "indexing")
        plain = LocalSnapshot.indexed(
            release_id, listed, passages, embedded.vectors, today=self._releases.today
        )
        report(0.86, "calibrating")
        snapshot = plain.calibrated(self._calibrate(plain))
        hashes = "".join(content_hash(entry) for entry in listed)
        manifest = Manifest(
            release_id=release_id,
            created_at=datetime.now(UTC),
            encoder=self._releases.encoder,
            content_hash=hashlib.sha256(hashes.encode()).hexdigest(),
            counts={
                "entries": len(listed),
                "passages": len(passages),
                "embedded": embedded.embedded,
                "reused": embedded.reused,
            },
            figures={**snapshot.calibration.figures, "index_recall": snapshot.dense.recall},
        )
        return snapshot, manifest

    def _finish(
        self, folder: Path, draft: LocalSnapshot, manifest: Manifest, report: Show
    ) -> tuple[LocalSnapshot, Manifest, str]:
        """Writes the draft, reads it back as a server would, and tries it."""
        report(0.92, "writing")
        sha256 = write_release(folder, draft, manifest)
        report(0.95, "checking")
        snapshot = read_release(folder, self._releases.encoder, sha256, self._releases.today)
        manifest = replace(manifest, figures={**manifest.figures, "probe": probe(snapshot)})
        return snapshot, manifest, sha256


def probe(snapshot: LocalSnapshot) -> float:
    """The share of some of the entries that are found by their own question. Raises `ReleaseUnusable` where
    it is too low or a vector is no unit vector."""
    if not np.allclose(np.linalg.norm(snapshot.vectors, axis=1), 1.0, atol=1e-2):
        raise ReleaseUnusable(f"Release {snapshot.release_id} holds vectors that are not of unit length.")
    rows = [row for row, passage in enumerate(snapshot.passages) if passage.view is View.QUESTION]
    picked = rows[:: max(1, len(rows) // _PROBED)][:_PROBED]
    share = sum(_finds_itself(snapshot, row) for row in picked) / len(picked)
    if share < _PROBE_SHARE:
        raise ReleaseUnusable(
            f"Release {snapshot.release_id} finds only {share:.0%} of its entries by their own question."
        )
    return share


def _finds_itself(snapshot: LocalSnapshot, row: int) -> bool:
    passage = snapshot.passages[row]
    hits = snapshot.search(passage.text, snapshot.vectors[row], _PROBE_DEPTH)
    return any(hit.entry.id == passage.entry_id or hit.question_cosine > 0.999 for hit in hits)


def _embedding(report: Show) -> Callable[[int, int], None]:
    return lambda done, total: report(0.02 + 0.78 * done / max(1, total), f"embedding {done:,} of {total:,}")


def _silent(share: float, doing: str) -> None:
    """Stands in where nobody asked for progress."""
