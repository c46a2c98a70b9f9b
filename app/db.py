"""The database: one engine, its tables, and how SQLite is made fit for many threads."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Engine, TypeDecorator, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlmodel import SQLModel

from app.settings import SettingsError

_PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "synchronous=NORMAL",
    "secure_delete=ON",  # what users delete is overwritten, whatever SQLite was built to do
)
_FORMS = "name a database as in sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in UTC on the way in and on the way out, also where the database keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    return datetime.now(UTC)


def open_database(url: str) -> Engine:
    """An engine for `url`. Opens no connection yet; an SQLite file's folder must exist. Its errors do not
    repeat what was to be written: they are logged, and what users say is not. Raises `SettingsError` for
    what is no such address, and where the package that speaks with that database is missing."""
    try:
        ping = make_url(url).get_backend_name() != "sqlite"
        engine = create_engine(url, pool_pre_ping=ping, hide_parameters=True)
    except ArgumentError:  # its text may repeat the address, password and all
        raise SettingsError(f"CANDOR_DATABASE_URL: {_FORMS}") from None
    except ModuleNotFoundError as error:
        raise SettingsError(f"CANDOR_DATABASE_URL needs the package {error.name}, which is missing") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def create_tables(engine: Engine) -> None:
    """Creates every table of the modules imported so far that is not there yet."""
    try:
        SQLModel.metadata.create_all(engine)
    except OperationalError:
        # Two processes starting on a fresh folder may both find a table missing; the second look settles it.
        SQLModel.metadata.create_all(engine)


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
