"""Long work under way, where every process on the same data can see it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import JSON, Engine, Text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from app.store.database.db import UtcDateTime, now

SILENCE = timedelta(seconds=60)
_INTERRUPTED = "The process that worked on this ended before it was done."


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class JobNotFound(LookupError):
    """There is no such job."""


class JobRunning(RuntimeError):
    """Work of this kind is under way already."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} is running")


class JobRow(SQLModel, table=True):
    """`holds` is the kind of work while it is under way and empty afterwards: being unique, it lets one job
    of a kind run at a time, whichever process asks."""

    __tablename__ = "jobs"

    id: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=32)
    holds: str | None = Field(default=None, unique=True, max_length=32)
    owner: str = Field(max_length=255)
    status: str = Field(max_length=16)
    progress: float = 0.0
    doing: str = Field(default="", max_length=200)
    counts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    release_id: str | None = Field(default=None, max_length=128)
    error: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    seen_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class JobStore:
    """The jobs of one database. Synchronous; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, kind: str) -> str:
        """Registers a job of this process and gives its id. Raises `JobRunning`."""
        row = JobRow(id=uuid4().hex, kind=kind, holds=kind, owner=_owner(), status=JobStatus.QUEUED)
        job_id = row.id
        with Session(self._engine) as session:
            for silent in self._under_way(session, kind):
                if now() - silent.seen_at > SILENCE:
                    _close(silent, JobStatus.INTERRUPTED, error=_INTERRUPTED)
            session.flush()
            session.add(row)
            try:
                session.commit()
            except IntegrityError:
                session.rollback()
                raise JobRunning(next((job.id for job in self._under_way(session, kind)), "")) from None
        return job_id

    def beat(self, job_id: str, progress: float | None = None, doing: str = "") -> None:
        """Tells that the job lives, how far it is, from 0 to 1, and what it does, with what is left of it."""
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            if row is not None and row.holds:
                row.status, row.seen_at = JobStatus.RUNNING, now()
                if progress is not None:
                    row.progress, row.doing = progress, doing
                session.commit()

    def succeed(self, job_id: str, release_id: str | None, counts: Mapping[str, int]) -> None:
        """`release_id`: what was built, where the job builds."""
        self._end(job_id, JobStatus.SUCCEEDED, progress=1.0, release_id=release_id, counts=dict(counts))

    def fail(self, job_id: str, error: str) -> None:
        self._end(job_id, JobStatus.FAILED, error=error)

    def interrupt(self, job_id: str) -> None:
        self._end(job_id, JobStatus.INTERRUPTED, error=_INTERRUPTED)

    def get(self, job_id: str) -> JobRow:
        """Raises `JobNotFound`."""
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
        if row is None:
            raise JobNotFound(job_id)
        return row

    def interrupt_dead(self) -> list[str]:
        """Marks the jobs of processes that are gone, and gives their ids. To be called at start, before this
        process begins any job of its own."""
        with Session(self._engine) as session:
            dead = [row for row in self._under_way(session) if _is_dead(row)]
            for row in dead:
                _close(row, JobStatus.INTERRUPTED, error=_INTERRUPTED)
            ids = [row.id for row in dead]
            session.commit()
        return ids

    def _end(self, job_id: str, status: JobStatus, **fields: object) -> None:
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            if row is not None:
                _close(row, status, **fields)
                session.commit()

    def _under_way(self, session: Session, kind: str | None = None) -> list[JobRow]:
        query = select(JobRow).where(col(JobRow.holds).is_not(None))
        return list(session.exec(query if kind is None else query.where(JobRow.kind == kind)))


def _close(row: JobRow, status: JobStatus, **fields: object) -> None:
    row.status, row.holds, row.seen_at = status, None, now()
    for name, value in fields.items():
        setattr(row, name, value)


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _is_dead(row: JobRow) -> bool:
    """A job that bears this process's own number was left by a former bearer: it has begun none yet."""
    host, _, pid = row.owner.rpartition(":")
    if host != socket.gethostname():
        return now() - row.seen_at > SILENCE
    if int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return now() - row.seen_at > SILENCE
