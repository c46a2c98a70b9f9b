"""Files that were uploaded and wait to be taken in: few, for a short while, each for one sign-in alone."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from threading import Lock
from typing import IO

from app.console.importing.reading import Content, check_kind, read_file
from knowledge.errors import StorageFailed

LASTS = 3600.0  # seconds
MOST = 16  # files of all sign-ins together
_PIECE = 1 << 20
_MOST_NAME = 200  # characters of a file's name
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f/\\]+")


class UploadGone(LookupError):
    """The file is not there any more."""


class UploadRefused(ValueError):
    """The file is not taken. The message says why, to a curator."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits: `name` as its curator calls it, `digest` the SHA-256 (hex) of its bytes."""

    folder: Path
    name: str
    digest: str

    @property
    def path(self) -> Path:
        return self.folder / f"file{PurePath(self.name).suffix.lower()}"


class Uploads:
    """Uploads below `folder`, of `limit` bytes at most each, one a sign-in. Synchronous; safe to use from
    many threads."""

    def __init__(self, folder: Path, limit: int, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._limit = limit
        self._clock = clock
        self._last: tuple[Path, Content] | None = None  # what was read last, which is often asked for again
        self._lock = Lock()

    def keep(self, owner: str, name: str, stream: IO[bytes]) -> Upload:
        """Takes the place of what `owner`, a sign-in, uploaded before. Raises `UploadRefused`, and
        `StorageFailed` where the data folder cannot be written."""
        name = _UNPRINTABLE.sub(" ", PurePath(name.replace("\\", "/")).name).strip()
        stem, suffix = PurePath(name).stem, PurePath(name).suffix
        name = f"{stem[: _MOST_NAME - len(suffix)]}{suffix}".encode("utf-8", "replace").decode()
        if why := check_kind(name):
            raise UploadRefused(why)
        self.drop(owner)
        if sum(1 for _ in self._waiting()) >= MOST:
            raise UploadRefused("Too many files wait to be imported. Please try again in an hour.")
        try:
            return self._written(owner, name, stream)
        except OSError as error:
            raise StorageFailed(f"The upload cannot be kept: {error.strerror}.") from error

    def find(self, owner: str, digest: str) -> Upload:
        """Raises `UploadGone`."""
        self.sweep()
        folder = self._place(owner)
        with suppress(OSError):
            kept, name = (folder / "name").read_text("utf-8").split("\n", 1)
            if kept == digest:
                return Upload(folder, name, kept)
        raise UploadGone

    def content(self, upload: Upload) -> Content:
        """What is in it. Raises what `read_file` raises, and `UploadGone`."""
        with self._lock:
            if self._last is not None and self._last[0] == upload.folder / upload.digest:
                return self._last[1]
        try:
            read = read_file(upload.path, upload.name, self._limit)
        except FileNotFoundError:
            raise UploadGone from None
        with self._lock:
            self._last = (upload.folder / upload.digest, read)
        return read

    def drop(self, owner: str) -> None:
        """Throws away what this sign-in uploaded, if anything, and all that is too old."""
        self._remove(self._place(owner))
        self.sweep()

    def sweep(self) -> None:
        """Throws away what is too old."""
        for folder in self._waiting():
            with suppress(OSError):
                if self._clock() - folder.stat().st_mtime > LASTS:
                    self._remove(folder)

    def _written(self, owner: str, name: str, stream: IO[bytes]) -> Upload:
        folder = self._place(owner)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        digest, size = hashlib.sha256(), 0
        path = Upload(folder, name, "").path
        with path.open("wb") as out:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > self._limit:
                    break
                digest.update(piece)
                out.write(piece)
        if not 0 < size <= self._limit:
            self._remove(folder)
            too_large = f"{name} is larger than the {self._limit:,} bytes that an import may have."
            raise UploadRefused(too_large if size else f"{name} is empty.")
        (folder / "name").write_text(f"{digest.hexdigest()}\n{name}", "utf-8")
        return Upload(folder, name, digest.hexdigest())

    def _remove(self, folder: Path) -> None:
        with self._lock:
            if self._last is not None and self._last[0].parent == folder:
                self._last = None
        shutil.rmtree(folder, ignore_errors=True)

    def _waiting(self) -> Iterator[Path]:
        return self._folder.iterdir() if self._folder.is_dir() else iter(())

    def _place(self, owner: str) -> Path:
        return self._folder / hashlib.sha256(f"upload:{owner}".encode()).hexdigest()[:32]
