"""`candor entries`: an entry's way, its history, and what is due."""

from __future__ import annotations

from datetime import date, timedelta

import typer

from app.cli.curating.entries import operating
from app.compose.services import prepared_database
from app.settings import read_settings
from app.store.audit import witness
from knowledge.curation.history import differences
from knowledge.entries import EntryStore
from knowledge.types import EntryStatus

_PAGE = 500


def expiring(days: int) -> None:
    """Prints what expires within so many days, what has expired, and what is past its review."""
    store, today = _store(), date.today()
    for title, entries in (
        ("expired", _all(store, expires_before=today)),
        (f"expires within {days} days", _within(store, today, today + timedelta(days=days))),
        ("review is due", _all(store, review_before=today + timedelta(days=1))),
    ):
        for entry_id, day, question in sorted(entries, key=lambda each: each[1]):
            typer.echo(f"{title}: {day} {entry_id}: {question}")


def set_status(entry_id: str, status: str, comment: str) -> None:
    """Takes an entry a step further, or back. Raises what `EntryStore.set_status` raises."""
    store = _store()
    kept = store.set_status(entry_id, EntryStatus(status), operating(read_settings(), comment))
    typer.echo(f"{entry_id} is {kept.entry.status}, version {kept.version}.")


def show_history(entry_id: str) -> None:
    """Prints every version of an entry, newest first, with what changed."""
    store = _store()
    versions = store.history.page(entry_id, limit=_PAGE).versions
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        told = f" “{version.comment}”" if version.comment else ""
        by = f" by {version.author}" if version.author else ""
        typer.echo(f"{version.version}  {version.at:%Y-%m-%d %H:%M} UTC  {version.act}{by}{told}")
        for change in differences(before.record, version.record) if before else ():
            typer.echo(f"    {change.field}")
            for line in change.lines:
                typer.echo(f"      {line}")


def revert(entry_id: str, version: int, comment: str) -> None:
    """Writes an entry as it was in a version. Raises what `EntryStore.revert` raises."""
    kept = _store().revert(entry_id, version, operating(read_settings(), comment))
    typer.echo(f"{entry_id} is as in version {version} again: version {kept.version}, {kept.entry.status}.")


def _store() -> EntryStore:
    return EntryStore(prepared_database(read_settings()), witness)


def _within(store: EntryStore, first: date, last: date) -> list[tuple[str, date, str]]:
    return [each for each in _all(store, expires_before=last + timedelta(days=1)) if each[1] >= first]


def _all(
    store: EntryStore, *, expires_before: date | None = None, review_before: date | None = None
) -> list[tuple[str, date, str]]:
    """Id, day and question of all that match and are not retired."""
    found: list[tuple[str, date, str]] = []
    offset = 0
    while True:
        page = store.page(
            expires_before=expires_before, review_before=review_before, offset=offset, limit=_PAGE
        )
        for entry in page.entries:
            day = entry.valid_until if expires_before else entry.review_by
            if day is not None and entry.status is not EntryStatus.RETIRED:
                found.append((entry.id, day, entry.question))
        offset += _PAGE
        if offset >= page.total:
            return found
