"""An entry's version in HTTP: `ETag` tells it, `If-Match` says which one a curator changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Header, Response

from app.api.errors import Problem
from app.api.schemas.admin import JsonObject
from app.compose.services import Services
from app.store.curators import Curator, Role
from knowledge.curation.history import History, Version, differences
from knowledge.curation.lifecycle import Kept, Writing
from knowledge.errors import EntryChanged, VersionNotFound
from knowledge.importing.records import record_of

IfMatch = Annotated[str | None, Header(max_length=200)]
_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')
_NONE = 0  # a version that no entry has


def tag(response: Response, kept: Kept) -> None:
    response.headers["ETag"] = f'"{kept.version}"'


def known_of(if_match: str | None) -> int | None:
    """The version that the caller changed; None where he does not say."""
    if if_match is None or if_match.strip() == "*":
        return None
    return max(map(int, _TAG.findall(if_match)), default=_NONE)


def writing_of(services: Services, curator: Curator, comment: str = "") -> Writing:
    """On whose behalf a call writes."""
    approves = curator.role.covers(Role.APPROVER)
    return Writing(curator.name, curator.via, approves, services.settings.four_eyes, comment)


def written(services: Services, response: Response, write: Callable[[], Kept]) -> JsonObject:
    """The entry as `write` leaves it, tagged with its new version. Raises what `telling_changes` does."""
    with telling_changes(services.entries.history):
        kept = write()
    tag(response, kept)
    return record_of(kept.entry)


@contextmanager
def telling_changes(history: History) -> Iterator[None]:
    """Makes a 412 `Problem` of `EntryChanged`, which says who changed what meanwhile."""
    try:
        yield
    except EntryChanged as error:
        since = history.since(error.entry_id, error.known)
        more = {"version": error.version, "meanwhile": list(_told(history, error, since))}
        names = ", ".join(dict.fromkeys(each.author for each in since if each.author)) or "someone"
        detail = f'"{error.entry_id}" was changed meanwhile by {names}: nothing was written.'
        raise Problem(412, "entry-changed", detail, more=more) from None


def _told(history: History, error: EntryChanged, since: tuple[Version, ...]) -> Iterator[dict[str, Any]]:
    try:
        before = history.version(error.entry_id, error.known).record
    except VersionNotFound:
        before = None
    for version in since:
        changes = [] if before is None else differences(before, version.record)
        yield {
            "version": version.version,
            "act": version.act,
            "author": version.author,
            "at": version.at.isoformat(),
            "comment": version.comment,
            "changes": [asdict(change) for change in changes],
        }
        before = version.record
