"""A release read beside one that is in memory: the two have most lines in common, and a line that was read
once means the same object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Entry, Passage

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class KnownLines:
    """What lines of a release's files were read as."""

    entries: Mapping[bytes, Entry]
    passages: Mapping[bytes, Passage]

    @classmethod
    def of(cls, snapshot: LocalSnapshot, entries: Path, passages: Path) -> KnownLines:
        """Of a snapshot and the files that hold it, which are as they were written. Raises `OSError`, and
        `ValueError` where they do not fit together."""
        with entries.open("rb") as lines, passages.open("rb") as cut:
            return cls(_paired(lines, snapshot.entries.values()), _paired(cut, snapshot.passages))


NO_LINES = KnownLines({}, {})


def _paired(lines: Iterable[bytes], read: Iterable[_T]) -> Mapping[bytes, _T]:
    return dict(zip(lines, read, strict=True))
