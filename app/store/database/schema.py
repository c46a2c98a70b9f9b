"""The database's schema: made, brought up to date, and refused where it is newer than this version."""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect

from app.settings import SettingsError
from app.store.database import sqlite_file

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_LOCK = 4_711_202_611  # any number, the same in every process
_CHECKED_S = 30.0
_log = logging.getLogger("candor.database")


def bring_up_to_date(engine: Engine) -> None:
    """Makes what is missing. What there was is copied first, where it is an SQLite file. All or nothing: the
    steps are one transaction. Raises `SettingsError` for a newer schema, for a file that is damaged and
    where no copy can be made, and what the database raises."""
    file = sqlite_file.file_of(engine)
    if file is not None:
        sqlite_file.make(file)
    with engine.connect() as connection:
        if _is_current(connection):
            return
    with engine.connect() as connection:
        _take_turns(connection)
        if _is_current(connection):  # another process was quicker
            return
        if file is not None and inspect(connection).has_table("entries"):
            _back_up(engine, file)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def backups_of(file: Path) -> list[Path]:
    """The copies that were made of a database before its upgrades."""
    return sorted(file.parent.glob(f"{file.stem}-before-*.db"))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _is_current(connection: Connection) -> bool:
    """Raises `SettingsError` for a revision that this version does not know."""
    scripts = _scripts()
    found, newest = MigrationContext.configure(connection).get_current_revision(), scripts.get_current_head()
    try:
        scripts.get_revision(found or "base")
    except CommandError:
        raise SettingsError(
            f"The database was made by a newer version of Candor (its schema is {found}, this version knows"
            f" {newest}). Install that version, or put back the copy from before its upgrade."
        ) from None
    return found == newest


def _take_turns(connection: Connection) -> None:
    """One process migrates at a time; the others wait for it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver itself begins none before a CREATE
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _back_up(engine: Engine, file: Path) -> None:
    if found := sqlite_file.damage(engine, _CHECKED_S):
        raise SettingsError(f"The database {file} is damaged ({found}): it cannot be upgraded.")
    copy = file.with_name(f"{file.stem}-before-{datetime.now(UTC):%Y%m%dT%H%M%S}.db")
    try:
        sqlite_file.copy(file, copy)
    except (sqlite3.Error, OSError) as error:
        raise SettingsError(
            f"The database {file} has to be upgraded and cannot be copied before: {error}."
            " Nothing was changed."
        ) from None
    _log.warning("the database is being upgraded; as it was before, it is kept in %s", copy)
