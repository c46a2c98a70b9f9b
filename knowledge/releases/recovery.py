"""What a start does with what it finds in the folder of releases and the table does not speak of: left by a
killed build, by a killed removal, or by a database that was lost."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.entries import ApplyMode, EntryStore
from knowledge.errors import ReleaseUnusable
from knowledge.releases.files import BUILDING, Manifest, read_entries, read_manifest


@dataclass(frozen=True, slots=True)
class Found:
    """A folder that is whole, and the SHA-256 of its manifest."""

    folder: Path
    manifest: Manifest
    sha256: str


def clear_unfinished(folder: Path) -> tuple[str, ...]:
    """Removes what interrupted builds left behind. Gives a note for each."""
    left = sorted(path for path in folder.glob(f"*{BUILDING}") if path.is_dir())
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    names = [path.name.removesuffix(BUILDING) for path in left]
    return tuple(f"The build of release {n} was interrupted; what it left was removed." for n in names)


def sorted_out(folder: Path, known: set[str]) -> tuple[list[Found], list[Path]]:
    """The releases in `folder` that are not known: those that are whole, newest first, and the others."""
    whole: list[Found] = []
    broken: list[Path] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.is_dir() or path.name in known or path.name.endswith(BUILDING):
            continue
        try:
            manifest, sha256 = read_manifest(path)
        except ReleaseUnusable:
            broken.append(path)
            continue
        whole.append(Found(path, manifest, sha256))
    return sorted(whole, key=lambda found: found.manifest.created_at, reverse=True), broken


def restore_entries(store: EntryStore, whole: Sequence[Found]) -> tuple[str, ...]:
    """Fills the store of a database that was lost from the newest release. Gives notes."""
    if not whole:
        return (
            "There are releases but the database is new, and none of them is whole: nothing was restored."
            " Put back a backup of the database, or import the entries.",
        )
    newest = whole[0]
    entries = read_entries(newest.folder)
    store.apply(entries, ApplyMode.UPSERT)
    return (
        f"There are releases but the database is new: it was lost, or replaced. {len(entries):,} entries were"
        f" restored from release {newest.folder.name}. A release holds approved, unexpired entries alone:"
        " drafts, archived entries and conversations are in your backup, if anywhere.",
    )
