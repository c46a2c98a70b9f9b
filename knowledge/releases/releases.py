"""Releases: built beside the live one, checked, recorded, activated by one row, rolled back the same way."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge.curation.rows import content_hash
from knowledge.errors import NoLiveRelease, ReleaseRejected, ReleaseUnusable, StorageFailed
from knowledge.progress import Show
from knowledge.releases.carrying import Layout, assembled
from knowledge.releases.files import (
    BUILDING,
    EncoderStamp,
    Manifest,
    as_read,
    check_written,
    storing,
    sync,
    write_release,
)
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.releases.storing import Recovery, ReleaseInfo, Releases, Standing
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
    "Standing",
]

Embed = Callable[[Sequence[str], Callable[[int, int], None] | None], "EmbedResult"]
"""`CachedEmbedder.embed`: vectors for texts, and how many were new; told `(done, total)` on the way."""

Calibrate = Callable[[LocalSnapshot], Calibration]
"""Makes a release's calibration from its still uncalibrated, already searchable snapshot."""

_DRIFT = 0.01
"""Share of the entries that may have changed since the calibration was learned: it is learned from samples,
which differ by more, and an answer should not change because of another entry."""
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


def _counts(layout: Layout, embedded: EmbedResult) -> dict[str, int]:
    passages = len(layout.passages)
    return {
        "entries": len(layout.entries),
        "passages": passages,
        "embedded": embedded.embedded,
        "reused": passages - len(layout.fresh) + embedded.reused,
    }


def _servable(entries: Sequence[Entry], today: date) -> list[Entry]:
    """In the order of their ids. Raises `ReleaseRejected` where there is none."""
    listed = sorted((e for e in entries if e.is_servable(today)), key=lambda entry: entry.id)
    if not listed:
        raise ReleaseRejected("There is no approved, unexpired entry to serve.")
    return listed


class ReleaseBuilder:
    """Builds releases. `embed` is `CachedEmbedder.embed`."""

    def __init__(self, releases: Releases, embed: Embed, calibrate: Calibrate, calibrator: str = "") -> None:
        """`calibrator` stands for all that `calibrate` works with; what the same one learned may be taken
        over. Empty: never."""
        self._calibrator = calibrator
        self._releases = releases
        self._embed = embed
        self._calibrate = calibrate

    def build(
        self,
        entries: Sequence[Entry],
        progress: Show | None = None,
        *,
        activate: bool = True,
        candidate: bool = False,
        prune: bool = True,
        previous: LocalSnapshot | None = None,
    ) -> tuple[ReleaseInfo, LocalSnapshot]:
        """Builds, reloads from disk, probes, records and (by default) activates a release of those of
        the entries that may be served today; the caller swaps. `candidate`: it is to be examined first, and
        not activated. Without `prune` old releases are left to the caller. What is not new
        against `previous` is taken from it.
        Raises `BuildRunning`, `StorageFailed`, `ReleaseUnusable` (the probe failed), `ReleaseRejected`
        (nothing to serve) and what `embed` raises; the live one is untouched then."""
        report = progress or _silent
        previous = self._carried_over(previous)
        with self._releases.building():
            release_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
            with self._folders(release_id) as (folder, final):
                draft, fresh = self._draft(release_id, entries, previous, report)
                draft = replace(draft, manifest=replace(draft.manifest, is_candidate=candidate))
                snapshot, manifest, sha256 = self._finish(folder, draft, fresh, report)
                with storing("Putting the release in place"):
                    folder.rename(final)
                    sync(final.parent)
                standing = Standing.CANDIDATE if candidate else Standing.SOUND
                live = activate and not candidate
                info = self._releases.record(manifest, sha256, activate=live, standing=standing)
            if prune:
                with suppress(StorageFailed):  # the new release is live; old ones go next time
                    self._releases.prune()
        report(1.0, "done")
        return info, snapshot

    def _carried_over(self, previous: LocalSnapshot | None) -> LocalSnapshot | None:
        """The release before, where it was made as this one will be."""
        before = self._releases.manifest(previous.release_id) if previous and self._calibrator else None
        return previous if before and before.calibrator == self._calibrator else None

    @contextmanager
    def _folders(self, release_id: str) -> Iterator[tuple[Path, Path]]:
        """Where a release is built, made anew, and where it is put then; both are gone where that fails."""
        folder = self._releases.folder(release_id + BUILDING)
        final = self._releases.folder(release_id)
        is_done = False
        try:
            with storing("Starting the build"):
                folder.mkdir()
            yield folder, final
            is_done = True
        finally:
            if not is_done:
                shutil.rmtree(folder, ignore_errors=True)
                shutil.rmtree(final, ignore_errors=True)

    def _draft(
        self, release_id: str, entries: Sequence[Entry], previous: LocalSnapshot | None, report: Show
    ) -> tuple[Draft, frozenset[str]]:
        """The release in memory, and the ids of the entries that it does not have from `previous`."""
        today = self._releases.today()
        listed = _servable(entries, today)
        report(0.01, f"reading {len(listed):,} entries")
        layout = Layout.of(listed, previous)
        fresh = layout.fresh
        report(0.02, f"embedding {len(fresh):,} of {len(layout.passages):,} passages")
        embedded = self._embed([layout.passages[row].search_text for row in fresh], _embedding(report))
        report(0.80, "indexing")
        plain = assembled(release_id, layout, embedded.vectors, previous, self._releases.today)
        hashes = {entry.id: content_hash(entry) for entry in layout.entries}
        learned = self._calibrated(plain, hashes, previous, report)
        manifest = Manifest(
            release_id=release_id,
            created_at=datetime.now(UTC),
            encoder=self._releases.encoder,
            content_hash=hashlib.sha256("".join(hashes.values()).encode()).hexdigest(),
            counts=_counts(layout, embedded),
            figures={**learned.calibration.figures, "index_recall": plain.dense.recall},
            calibrator=self._calibrator,
            drift=learned.drift,
        )
        new = frozenset(layout.passages[row].entry_id for row in fresh)
        return Draft(plain.calibrated(learned.calibration), manifest, hashes), new

    def _calibrated(
        self,
        plain: LocalSnapshot,
        hashes: Mapping[str, str],
        previous: LocalSnapshot | None,
        report: Show,
    ) -> Learned:
        """What the release before learned, where hardly anything changed since; else learned anew."""
        before = self._releases.manifest(previous.release_id) if previous else None
        if previous is not None and before is not None:
            drift = before.drift + _differing(self._releases.hashes(previous.release_id), hashes)
            if drift <= _DRIFT * len(hashes):
                return Learned(previous.calibration, drift)
        report(0.86, "calibrating")
        return Learned(as_read(self._calibrate(plain)), 0)

    def _finish(
        self, folder: Path, draft: Draft, fresh: frozenset[str], report: Show
    ) -> tuple[LocalSnapshot, Manifest, str]:
        """Writes the draft, reads back what is new in it, and tries it."""
        report(0.92, "writing")
        sha256 = write_release(folder, draft.snapshot, draft.manifest, draft.hashes)
        report(0.95, "checking")
        check_written(folder, draft.snapshot, sha256, fresh)
        figures = {**draft.manifest.figures, "probe": probe(draft.snapshot)}
        return draft.snapshot, replace(draft.manifest, figures=figures), sha256


@dataclass(frozen=True, slots=True)
class Draft:
    """A release before it is written, with the content hash of each entry."""

    snapshot: LocalSnapshot
    manifest: Manifest
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Learned:
    """`drift`: how many entries changed since the calibration was learned."""

    calibration: Calibration
    drift: int


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> int:
    return sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())


def probe(snapshot: LocalSnapshot) -> float:
    """The share of some of the entries that are found by their own question. Raises `ReleaseUnusable` where
    it is too low or a vector is no unit vector."""
    squares = np.einsum("ij,ij->i", snapshot.vectors, snapshot.vectors)  # in place, unlike a norm
    if not np.allclose(np.sqrt(squares), 1.0, atol=1e-2):
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
