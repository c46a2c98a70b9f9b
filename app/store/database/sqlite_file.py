"""SQLite made fit for a service: many threads, a file that is never made anew by accident, connections that
are not kept once their file was moved, damaged or could not be written, and copies."""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

_PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "synchronous=NORMAL",
    "secure_delete=ON",  # what users delete is overwritten, whatever SQLite was built to do
)
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SPOILED = {*_DAMAGED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
_STEPS = 100_000  # of SQLite's machine between two looks at the clock
_BUSY_S = 5.0
_INCREMENTAL = 2
_PAGES = 1000  # given back in one transaction
_log = logging.getLogger("candor.database")


class DatabaseGone(sqlite3.OperationalError):
    """The file is not there any more, or another one took its place."""


def fit(engine: Engine) -> None:
    """Makes an engine's connections as the service needs them."""
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "handle_error", _drop_spoiled)
    if (file := file_of(engine)) is None:
        return

    def connect(_dialect: Dialect, _record: ConnectionPoolEntry, _given: Any, _named: Any) -> None:  # noqa: ANN401
        if not file.exists():  # SQLite would make an empty one, and nobody would notice
            raise DatabaseGone("the database file is gone")

    def connected(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(file)

    def taken(_connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info.get("file") != _identity(file):
            raise InvalidatePoolError("the database file was removed or replaced")

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", connected)
    event.listen(engine, "checkout", taken)


def file_of(engine: Engine) -> Path | None:
    """The file of an SQLite database; None where it is no plain file, or no SQLite."""
    name = engine.url.database
    plain = engine.dialect.name == "sqlite" and name and name != ":memory:" and not name.startswith("file:")
    return Path(name) if plain and name else None


def make(file: Path) -> None:
    """Makes the file where there is none: only here. Freed pages can be given back bit by bit."""
    if file.exists() and file.stat().st_size:
        return
    with closing(sqlite3.connect(file, timeout=_BUSY_S)) as connection:
        connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
        connection.execute("PRAGMA journal_mode=WAL")


def copy(file: Path, to: Path) -> None:
    """A whole copy of a database that may be in use. Raises `sqlite3.Error` and `OSError`."""
    part = to.with_name(f".{to.name}.part")
    try:
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(part)) as target,
        ):
            source.backup(target)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)


def damage(engine: Engine, seconds: float) -> str | None:
    """What `PRAGMA quick_check` finds first, if anything; a big file is not looked through to its end, but
    for so many seconds. Raises `DBAPIError` where the database cannot be read for another reason."""
    ends = time.monotonic() + seconds
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
            try:
                found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            finally:
                raw.set_progress_handler(None, 0)
    except DBAPIError as error:
        if code_of(error) == sqlite3.SQLITE_INTERRUPT:
            _log.info("the database is large: %.0f s of it were checked", seconds)
            return None
        if code_of(error) in _DAMAGED:
            return str(error.orig)
        raise
    return None if found == "ok" else " ".join(str(found).split())


def code_of(error: BaseException | None) -> int:
    """SQLite's primary result code; 0 where it is no error of SQLite."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF


def tells_damage(error: BaseException | None) -> bool:
    return code_of(error) in _DAMAGED


def _drop_spoiled(context: ExceptionContext) -> None:
    """A connection that met a read-only, damaged or vanished file stays so, also once that is mended."""
    if code_of(context.original_exception) in _SPOILED:
        context.is_disconnect = True


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def vacuum(connection: Connection, *, whole: bool) -> None:
    """Takes freed pages off the file, and empties its log. A file that was made without the means to do so
    bit by bit is written anew, once, and has them then. Nothing else may go on on the connection."""

    raw: Any = connection.connection.driver_connection  # reads a PRAGMA to its end, rows or none

    def pragma(text: str) -> int:
        return next((int(value) for value, *_ in raw.execute(f"PRAGMA {text}").fetchall()), 0)

    if whole or pragma("auto_vacuum") != _INCREMENTAL:
        pragma(f"auto_vacuum={_INCREMENTAL}")
        raw.execute("VACUUM")
    while free := pragma("freelist_count"):
        pragma(f"incremental_vacuum({_PAGES})")
        if pragma("freelist_count") >= free:
            break
    pragma("wal_checkpoint(TRUNCATE)")
