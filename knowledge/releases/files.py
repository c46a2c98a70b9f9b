"""A release on disk: one folder, written whole, read back only if every byte is as it was written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from knowledge.curation.rows import content_hash
from knowledge.errors import ImportRejected, ReleaseUnusable, StorageFailed
from knowledge.importing.parsing import parse_jsonl
from knowledge.index.dense import DenseIndex
from knowledge.index.lexical import LexicalIndex
from knowledge.releases.calibration import calibration_from_json, calibration_to_json
from knowledge.releases.shared_lines import NO_LINES, KnownLines
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.sheets.exporting import export_jsonl
from knowledge.types import Calibration, Entry, FloatArray, Passage, View

MANIFEST = "manifest.json"
BUILDING = ".building"  # behind the name of a folder that is being written
_ENTRIES, _PASSAGES, _VECTORS = "entries.jsonl", "passages.jsonl", "vectors.npy"
_DENSE, _LEXICAL, _CALIBRATION = "dense.faiss", "bm25", "calibration.json"
_HASHES = "hashes.json"
_WITHOUT_POSTINGS, _FORMAT = 1, 2


@dataclass(frozen=True, slots=True)
class EncoderStamp:
    """Which encoder made a release's vectors. Another fingerprint or dimension makes it unusable."""

    name: str
    dimension: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a release's folder says about itself. `files` gives the SHA-256 of every other file in it;
    `is_candidate`: it was built to be examined before it goes live; `calibrator`: what its calibration was
    learned with, `drift` entries ago."""

    release_id: str
    created_at: datetime
    encoder: EncoderStamp
    content_hash: str
    counts: Mapping[str, int]
    figures: Mapping[str, float]
    files: Mapping[str, str] = field(default_factory=dict)
    format: int = _FORMAT
    is_candidate: bool = False
    calibrator: str = ""
    drift: int = 0


@contextmanager
def storing(what: str) -> Iterator[None]:
    """Turns a failure of the disk into `StorageFailed`, in words that say what to do about it."""
    try:
        yield
    except OSError as error:
        known = {
            errno.ENOSPC: "the disk is full",
            errno.EDQUOT: "the disk quota is used up",
            errno.EROFS: "the disk is read-only",
            errno.EACCES: "permission is denied",
            errno.EPERM: "permission is denied",
        }
        reason = known.get(error.errno or 0) or error.strerror or "the disk took less than was written"
        raise StorageFailed(f"{what} failed: {reason}.") from error
    except RuntimeError as error:  # FAISS writes files itself and reports like this
        raise StorageFailed(f"{what} failed: the index could not be written.") from error


def write_release(
    folder: Path, snapshot: LocalSnapshot, manifest: Manifest, hashes: Mapping[str, str]
) -> str:
    """Writes everything into `folder`, which exists, and forces it to disk: `hashes` are those of the
    entries, by id. Gives the manifest's SHA-256. Raises `StorageFailed`."""
    with storing("Writing the release"):
        _write_text(folder / _ENTRIES, export_jsonl(snapshot.entries.values()))
        _write_text(folder / _PASSAGES, map(_passage_line, snapshot.passages))
        np.save(folder / _VECTORS, snapshot.vectors)
        if not snapshot.dense.is_exact:  # an exact index is its vectors: it is made again when read
            snapshot.dense.save(folder / _DENSE)
        snapshot.lexical.save(folder / _LEXICAL)
        (folder / _CALIBRATION).write_bytes(calibration_to_json(snapshot.calibration))
        (folder / _HASHES).write_text(json.dumps(dict(hashes)), encoding="utf-8")
        files = {str(file.relative_to(folder)): _sha256(file) for file in _files(folder)}
        record = json.loads(_MANIFESTS.dump_json(manifest)) | {"files": files}
        (folder / MANIFEST).write_text(json.dumps(record, indent=2), encoding="utf-8")
        for path in [*_files(folder), folder / _LEXICAL, folder]:
            sync(path)
        return _sha256(folder / MANIFEST)


def check_written(folder: Path, snapshot: LocalSnapshot, manifest_sha256: str, fresh: frozenset[str]) -> None:
    """That what lies in `folder` is this release, read as a server would: every byte by its checksum, all
    vectors and counts, and every line of the entries in `fresh`; the others were read before. Raises
    `ReleaseUnusable`."""
    with _reading(snapshot.release_id):
        _verified(folder, manifest_sha256)
        vectors = np.load(folder / _VECTORS, mmap_mode="r", allow_pickle=False)
        if not np.array_equal(vectors, snapshot.vectors):
            raise ValueError(_VECTORS)
        if len(LexicalIndex.load(folder / _LEXICAL).postings.lengths) != snapshot.searchable:
            raise ValueError(_LEXICAL)
        with (folder / _ENTRIES).open("rb") as lines:
            pairs = zip(lines, snapshot.entries.values(), strict=True)
            new = [(line, entry) for line, entry in pairs if entry.id in fresh]
        if new and list(parse_jsonl(b"".join(line for line, _ in new)).entries) != [each for _, each in new]:
            raise ValueError(_ENTRIES)
        with (folder / _PASSAGES).open(encoding="utf-8") as texts:
            for line, passage in zip(texts, snapshot.passages, strict=True):
                if passage.entry_id in fresh and _passage(line) != passage:
                    raise ValueError(_PASSAGES)
    snapshot.vectors.setflags(write=False)


def as_read(calibration: Calibration) -> Calibration:
    """A calibration as it will be read back: its background is rounded."""
    return calibration_from_json(calibration_to_json(calibration))


def peek_manifest(folder: Path) -> Manifest | None:
    """What a release says about itself, unchecked; None where that cannot be read."""
    try:
        return _MANIFESTS.validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None


def read_release(
    folder: Path,
    encoder: EncoderStamp,
    manifest_sha256: str | None,
    today: Callable[[], date],
    known: KnownLines = NO_LINES,
) -> LocalSnapshot:
    """The snapshot in `folder`; lines that are `known` are not read again. Raises `ReleaseUnusable`, saying
    why."""
    name = folder.name.removesuffix(BUILDING)
    with _reading(name):
        manifest = _verified(folder, manifest_sha256)
        made_by = manifest.encoder
        if (made_by.fingerprint, made_by.dimension) != (encoder.fingerprint, encoder.dimension):
            raise ReleaseUnusable(
                f"Release {name} was made by another encoder ({made_by.name}); {encoder.name} is loaded."
            )
        return _read(folder, manifest, today, known)


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """What a release of any encoder says about itself, every byte checked, and its manifest's SHA-256.
    Raises `ReleaseUnusable`."""
    with _reading(folder.name):
        manifest = _verified(folder, None)
        if manifest.release_id != folder.name:
            raise ValueError(MANIFEST)
        return manifest, _sha256(folder / MANIFEST)


def known_lines(folder: Path, manifest_sha256: str, snapshot: LocalSnapshot) -> KnownLines:
    """The lines of a release whose snapshot is in memory, none where its files are not as they were
    written."""
    try:
        with _reading(snapshot.release_id):
            _verified(folder, manifest_sha256, frozenset({_ENTRIES, _PASSAGES}))
            return KnownLines.of(snapshot, folder / _ENTRIES, folder / _PASSAGES)
    except ReleaseUnusable:
        return NO_LINES


def read_entries(folder: Path) -> tuple[Entry, ...]:
    """The entries of a release. Raises `ReleaseUnusable`."""
    with _reading(folder.name):
        return tuple(parse_jsonl((folder / _ENTRIES).read_bytes()).entries)


def read_hashes(folder: Path) -> Mapping[str, str]:
    """The content hash of each entry of a release, by id. Raises `ReleaseUnusable`."""
    with _reading(folder.name):
        if not (folder / _HASHES).exists():  # written by a version before these were kept
            return {entry.id: content_hash(entry) for entry in read_entries(folder)}
        return {str(name): str(value) for name, value in json.loads((folder / _HASHES).read_bytes()).items()}


def read_texts(folder: Path) -> Iterator[str]:
    """The texts that a release was embedded from. Raises `ReleaseUnusable`."""
    with _reading(folder.name), (folder / _PASSAGES).open(encoding="utf-8") as lines:
        for line in lines:
            yield _passage(line).search_text


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        missing = Path(error.filename).name if error.filename else "a file"
        raise ReleaseUnusable(f"Release {name} is incomplete: {missing} is missing.") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, ImportRejected) as error:
        raise ReleaseUnusable(f"Release {name} cannot be read: its files are damaged.") from error


def sync(path: Path) -> None:
    """Forces a file or a folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _verified(folder: Path, manifest_sha256: str | None, only: Set[str] | None = None) -> Manifest:
    """The manifest, once it and all files, or `only` some, are as they were written."""
    if manifest_sha256 and _sha256(folder / MANIFEST) != manifest_sha256:
        raise ValueError("manifest")
    manifest = _MANIFESTS.validate_json((folder / MANIFEST).read_bytes())
    if manifest.format not in (_WITHOUT_POSTINGS, _FORMAT):
        raise ReleaseUnusable(f"Release {manifest.release_id} has a format that this version cannot read.")
    for name, sha256 in manifest.files.items():
        if (only is None or name in only) and _sha256(folder / name) != sha256:
            raise ValueError(name)
    return manifest


def _read(folder: Path, manifest: Manifest, today: Callable[[], date], known: KnownLines) -> LocalSnapshot:
    entries = _entries(folder / _ENTRIES, known.entries)
    with (folder / _PASSAGES).open("rb") as lines:
        passages = [known.passages.get(line) or _passage(line) for line in lines]
    vectors: FloatArray = np.load(folder / _VECTORS, allow_pickle=False)
    vectors.setflags(write=False)
    if vectors.shape != (len(passages), manifest.encoder.dimension):
        raise ValueError(_VECTORS)
    searched = sum(passage.view is not View.SENTENCE for passage in passages)
    dense_file, recall = folder / _DENSE, manifest.figures.get("index_recall", 1.0)
    return LocalSnapshot(
        manifest.release_id,
        entries,
        passages,
        vectors,
        DenseIndex.load(dense_file, recall) if dense_file.exists() else DenseIndex.exact(vectors[:searched]),
        _lexical(folder, manifest, passages[:searched]),
        calibration_from_json((folder / _CALIBRATION).read_bytes()),
        today=today,
    )


def _entries(file: Path, known: Mapping[bytes, Entry]) -> list[Entry]:
    with file.open("rb") as opened:
        lines = list(opened)
    new = iter(parse_jsonl(b"".join(line for line in lines if line not in known)).entries)
    entries = [known.get(line) or next(new) for line in lines]
    if next(new, None) is not None:
        raise ValueError(_ENTRIES)
    return entries


def _lexical(folder: Path, manifest: Manifest, searched: Sequence[Passage]) -> LexicalIndex:
    if manifest.format == _WITHOUT_POSTINGS:
        return LexicalIndex.build([passage.search_text for passage in searched])
    return LexicalIndex.load(folder / _LEXICAL)


def _passage_line(passage: Passage) -> str:
    row = [passage.entry_id, passage.view.value, passage.text, passage.start, passage.end, passage.context]
    return _encoded(row) + "\n"


def _passage(line: str | bytes) -> Passage:
    entry_id, view, text, start, end, context = json.loads(line)
    return Passage(entry_id, View(view), text, start, end, context)


def _write_text(file: Path, lines: Iterator[str]) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(lines)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


_MANIFESTS = TypeAdapter(Manifest)
_encoded = json.JSONEncoder(ensure_ascii=False).encode  # `dumps` would make an encoder a line
