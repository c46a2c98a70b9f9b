"""Whether the database can be used: looked at while the service runs, told to whoever asks and to metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.store.database import sqlite_file
from knowledge.errors import StorageFailed

_EXAMINED_S = 20.0  # at most, at start and after damage was met
_AGAIN_S = 30.0  # between two examinations of a database that was damaged
_GONE = "the database file is gone: put it back, or restart to go on from the newest release"
_DAMAGED = "the database is damaged: put back a backup"
_log = logging.getLogger("candor.database")


class DatabaseWatch:
    """Synchronous; for one thread at a time. `up` is told whether the database can be used."""

    def __init__(
        self, engine: Engine, up: Callable[[bool], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.fault: str | None = None
        self._engine = engine
        self._up = up
        self._clock = clock
        self._suspected = False
        self._examined = float("-inf")
        event.listen(engine, "handle_error", self._notice)
        up(True)

    def examine(self) -> None:
        """Looks the whole file through, as far as time allows. Raises `StorageFailed` where it is damaged,
        and what the database raises where it cannot be read."""
        self._examined = self._clock()
        found = None
        if self._engine.dialect.name == "sqlite":
            found = sqlite_file.damage(self._engine, _EXAMINED_S)
        self._suspected = found is not None
        if found:
            self._tell(_DAMAGED, found)
            raise StorageFailed(_DAMAGED)
        self._tell(None)

    def look(self) -> bool:
        """Whether the database can be read now; cheap, made for every few seconds."""
        try:
            if self._suspected:
                if self._clock() - self._examined >= _AGAIN_S or self.fault is None:
                    self.examine()
            else:
                with self._engine.connect() as connection:
                    connection.exec_driver_sql("SELECT count(*) FROM active_release").scalar()
                self._tell(None)
        except StorageFailed:
            pass
        except SQLAlchemyError as error:
            self._tell(fault_of(error), reason_of(error))
        return self.fault is None

    def _notice(self, context: ExceptionContext) -> None:
        self._suspected = self._suspected or sqlite_file.tells_damage(context.original_exception)

    def _tell(self, fault: str | None, reason: object = "") -> None:
        if fault and fault != self.fault:
            _log.error("%s (%s)", fault, reason)
        elif self.fault and not fault:
            _log.warning("the database can be used again")
        self.fault = fault
        self._up(fault is None)


def fault_of(error: SQLAlchemyError) -> str:
    """What is wrong, in words that blame the database and repeat none of its own: anybody may read them."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite_file.DatabaseGone):
        return _GONE
    return _DAMAGED if sqlite_file.tells_damage(error) else "the database cannot be used: see the log"


def reason_of(error: SQLAlchemyError) -> str:
    """What the database said, in one line, for the log and whoever starts the service."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return said.splitlines()[0] if said else type(error).__name__
