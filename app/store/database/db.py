"""The database: one engine, and how its instants are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Engine, TypeDecorator, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.settings import SettingsError
from app.store.database import sqlite_file
from knowledge.extras import install

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
    """An engine for `url`. Opens no connection yet and makes no SQLite file: `database.schema` does.
    Its errors do not repeat what was to be written: they are logged, and what users say is not. Raises
    `SettingsError` for what is no such address, and where the package that speaks with that database is
    missing."""
    try:
        ping = make_url(url).get_backend_name() != "sqlite"
        engine = create_engine(url, pool_pre_ping=ping, hide_parameters=True)
    except ArgumentError:  # its text may repeat the address, password and all
        raise SettingsError(f"CANDOR_DATABASE_URL: {_FORMS}") from None
    except ModuleNotFoundError as error:
        remedy = f": {install('postgres')}" if error.name == "psycopg" else ", which is missing"
        raise SettingsError(f"CANDOR_DATABASE_URL needs the package {error.name}{remedy}") from None
    if engine.dialect.name == "sqlite":
        sqlite_file.fit(engine)
    return engine
