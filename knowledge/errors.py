"""What the knowledge base may refuse or fail to do. Every message can be shown to an administrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.types import KnowledgeError

__all__ = [
    "ApprovalNeeded",
    "BackgroundUnusable",
    "BuildRunning",
    "EncoderFailed",
    "EntryChanged",
    "EntryExists",
    "EntryNotFound",
    "ImportRejected",
    "KnowledgeError",
    "LineError",
    "ModelDamaged",
    "ModelNotFound",
    "ModelStoreNotWritable",
    "NoLiveRelease",
    "OwnChange",
    "ReleaseHeld",
    "ReleaseNotFound",
    "ReleaseRejected",
    "ReleaseUnusable",
    "StorageFailed",
    "TransitionRefused",
    "VersionNotFound",
]


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong on one line of an import, counted from 1. `file` is set where a folder was read."""

    line: int
    detail: str
    file: str = ""


class ImportRejected(KnowledgeError):
    """Nothing was imported. `errors` names every bad line, up to `importing.MAX_ERRORS`."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        where = f"{first.file}, line {first.line}" if first.file else f"line {first.line}"
        super().__init__(
            f"The import was rejected: {len(self.errors)} problem(s), first on {where}: {first.detail}"
        )


class EntryNotFound(KnowledgeError):
    def __init__(self, entry_id: str) -> None:
        self.entry_id = entry_id
        super().__init__(f'There is no entry "{entry_id}".')


class EntryExists(KnowledgeError):
    def __init__(self, entry_id: str) -> None:
        self.entry_id = entry_id
        super().__init__(f'There is already an entry "{entry_id}".')


class VersionNotFound(KnowledgeError):
    def __init__(self, entry_id: str, version: int) -> None:
        super().__init__(f'There is no version {version} of "{entry_id}".')


class EntryChanged(KnowledgeError):
    """Somebody else changed the entry since the version that the caller knows: nothing was written."""

    def __init__(self, entry_id: str, known: int, version: int) -> None:
        self.entry_id, self.known, self.version = entry_id, known, version
        super().__init__(
            f'"{entry_id}" was changed meanwhile: it is at version {version}. Nothing was written.'
        )


class TransitionRefused(KnowledgeError):
    """An entry's status cannot become that one from where it is."""


class ApprovalNeeded(KnowledgeError):
    """What is approved may only be taken out of service, and what is not only be approved, by an approver."""


class OwnChange(KnowledgeError):
    """Two pairs of eyes are asked for, and these were the author's own."""

    def __init__(self, entry_id: str, author: str) -> None:
        super().__init__(
            f'{author} made the last change of "{entry_id}" and may not approve it: somebody else has to.'
        )


class NoLiveRelease(KnowledgeError):
    """Nothing can be searched yet: no release is loaded."""

    def __init__(self) -> None:
        super().__init__("No release is loaded: build or activate one.")


class ReleaseNotFound(KnowledgeError):
    def __init__(self, release_id: str) -> None:
        self.release_id = release_id
        super().__init__(f'There is no release "{release_id}".')


class ReleaseHeld(KnowledgeError):
    """A release was built and did not pass, or was never examined: it is activated only by force."""

    def __init__(self, release_id: str) -> None:
        self.release_id = release_id
        super().__init__(f"Release {release_id} is a candidate that has not passed the release gate.")


class ReleaseUnusable(KnowledgeError):
    """A release exists but cannot serve: damaged, incomplete, or made by another encoder."""


class ReleaseRejected(KnowledgeError):
    """A new release is sound but must not go live. A build's `check` raises it."""


class BuildRunning(KnowledgeError):
    """Another build holds the lock, in this process or in another one on the same data."""

    def __init__(self) -> None:
        super().__init__("A release is already being built.")


class BackgroundUnusable(KnowledgeError):
    """The messages that a release is calibrated against cannot be read. The message names the file."""


class StorageFailed(KnowledgeError):
    """The data folder cannot be written: read-only, full, or gone."""


class EncoderFailed(KnowledgeError):
    """The encoder cannot be loaded, or did not answer. The message is for operators."""


class ModelNotFound(EncoderFailed):
    """No model goes by that name, here or on the hub."""


class ModelDamaged(EncoderFailed):
    """The model's files are not the ones that were published."""


class ModelStoreNotWritable(EncoderFailed):
    """The model is not exported yet and its export cannot be written below the data folder."""
