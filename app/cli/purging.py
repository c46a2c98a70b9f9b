"""`candor purge`."""

from __future__ import annotations

from datetime import timedelta

import typer

from app.compose.services import prepared_database
from app.settings import read_settings
from app.store.database.db import now
from app.store.retention import purge as delete_before
from app.store.retention import shrink


def purge(days: float | None) -> None:
    """Deletes what is older than `days`, or than the setting says, and prints what that was."""
    settings = read_settings()
    kept = settings.retention_days if days is None else days
    if kept is None:
        raise typer.BadParameter("Give --days, or set CANDOR_RETENTION_DAYS.")
    engine = prepared_database(settings)
    done = delete_before(engine, now() - timedelta(days=kept))
    shrink(engine, whole=True)
    copies = f", {done.backups:,} copies of the database" if done.backups else ""
    typer.echo(f"{done.exchanges:,} exchanges and {done.traces:,} traces deleted{copies}.")
