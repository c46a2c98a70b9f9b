"""Gold questions: what must be answered rightly before a release goes live. Rows are the owner's; those of
the seeds are read from their file, and a row of the same id stands in for one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, Engine, Text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from app.store.database.db import UtcDateTime, now
from learning.evaluation.layouts.rows import Foreign, read_rows
from pipeline.types import Message, Outcome, Role

SEEDS = "seeds"
"""Who made the questions that come with the seeds."""
_ENOUGH = 0.5  # of the entries that the seeds' questions name: with fewer it is another knowledge base


class GoldNotFound(LookupError):
    """There is no such gold question."""


class GoldExists(LookupError):
    """There is a gold question with this id already."""


@dataclass(frozen=True, slots=True)
class Gold:
    """A question and what is right for it: any of `entry_ids`, or else, where there are none, `outcome`."""

    id: str
    question: str
    history: tuple[Message, ...] = ()
    entry_ids: tuple[str, ...] = ()
    outcome: Outcome = Outcome.ANSWERED
    note: str = ""
    created_by: str = ""
    active: bool = True
    created_at: datetime = field(default_factory=now, compare=False)


class GoldRow(SQLModel, table=True):
    __tablename__ = "gold"

    id: str = Field(primary_key=True, max_length=100)
    question: str = Field(sa_type=Text)
    history: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    entry_ids: list[str] = Field(default_factory=list, sa_type=JSON)
    outcome: str = Field(max_length=32)
    note: str = Field(default="", sa_type=Text)
    created_by: str = Field(default="", max_length=100)
    active: bool = True
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


def new_id() -> str:
    return f"gold-{uuid4().hex[:12]}"


class GoldStore:
    """The gold questions of one database. Synchronous; safe to use from many threads. `seeds` gives those
    that come with the seeds."""

    def __init__(self, engine: Engine, seeds: Callable[[], Sequence[Gold]] = tuple) -> None:
        self._engine = engine
        self._seeds = seeds

    def list(self, served: Collection[str]) -> list[Gold]:
        """All of the owner's, newest first, then those of the seeds that a knowledge base with the entries
        `served` can be asked."""
        with Session(self._engine) as session:
            newest = select(GoldRow).order_by(col(GoldRow.created_at).desc(), col(GoldRow.id))
            own = [_gold(row) for row in session.exec(newest)]
        known = {gold.id for gold in own}
        return own + [gold for gold in _fitting(self._seeds(), served) if gold.id not in known]

    def get(self, gold_id: str) -> Gold:
        """Raises `GoldNotFound`."""
        with Session(self._engine) as session:
            row = session.get(GoldRow, gold_id)
        if row is not None:
            return _gold(row)
        found = next((gold for gold in self._seeds() if gold.id == gold_id), None)
        if found is None:
            raise GoldNotFound(gold_id)
        return found

    def add(self, gold: Gold) -> None:
        """Raises `GoldExists`."""
        if any(gold.id == other.id for other in self._seeds()):
            raise GoldExists(gold.id)
        with Session(self._engine) as session:
            session.add(_row(gold))
            try:
                session.commit()
            except IntegrityError:
                raise GoldExists(gold.id) from None

    def put(self, golds: Iterable[Gold]) -> tuple[int, int]:
        """Creates or replaces, all or none. Gives how many of each."""
        created = replaced = 0
        with Session(self._engine) as session, session.begin():
            for gold in golds:
                if session.get(GoldRow, gold.id) is None:
                    created += 1
                else:
                    replaced += 1
                session.merge(_row(gold))
        return created, replaced

    def delete(self, gold_id: str) -> None:
        """Of the seeds' questions it only goes out of use: their file is not ours to change. Raises
        `GoldNotFound`."""
        seeded = next((gold for gold in self._seeds() if gold.id == gold_id), None)
        with Session(self._engine) as session, session.begin():
            row = session.get(GoldRow, gold_id)
            if row is None and seeded is None:
                raise GoldNotFound(gold_id)
            if seeded is not None:
                session.merge(_row(seeded, active=False))
            else:
                session.delete(row)


def seed_gold(seeds_dir: Path) -> tuple[Gold, ...]:
    """The gold questions that come with a folder of seeds; none where it has none. Raises `SuiteError`."""
    file = seeds_dir / "gold" / "questions.jsonl"
    if not file.is_file():
        return ()
    return tuple(row.to_gold() for _, row in read_rows(file, _SeedRow))


class _Said(Foreign):
    role: Role
    content: str


class _SeedRow(Foreign):
    id: str
    message: str
    kind: str = ""
    expect: Outcome = Outcome.ANSWERED
    entry_ids: tuple[str, ...] = ()
    history: tuple[_Said, ...] = ()

    def to_gold(self) -> Gold:
        history = tuple(Message(said.role, said.content) for said in self.history)
        return Gold(
            self.id, self.message, history, self.entry_ids, self.expect, note=self.kind, created_by=SEEDS
        )


def _fitting(golds: Sequence[Gold], served: Collection[str]) -> list[Gold]:
    """All of them where the knowledge base is theirs, else those with an entry of it."""
    named = {entry_id for gold in golds for entry_id in gold.entry_ids}
    if named and len(named.intersection(served)) >= _ENOUGH * len(named):
        return list(golds)
    return [gold for gold in golds if not named.isdisjoint(gold.entry_ids) and _is_served(gold, served)]


def _is_served(gold: Gold, served: Collection[str]) -> bool:
    return any(entry_id in served for entry_id in gold.entry_ids)


def _gold(row: GoldRow) -> Gold:
    return Gold(
        row.id,
        row.question,
        tuple(Message(Role(said["role"]), said["content"]) for said in row.history),
        tuple(row.entry_ids),
        Outcome(row.outcome),
        row.note,
        row.created_by,
        row.active,
        row.created_at,
    )


def _row(gold: Gold, **changed: Any) -> GoldRow:  # noqa: ANN401
    given: dict[str, Any] = {
        "id": gold.id,
        "question": gold.question,
        "history": [{"role": said.role.value, "content": said.text} for said in gold.history],
        "entry_ids": list(gold.entry_ids),
        "outcome": gold.outcome.value,
        "note": gold.note,
        "created_by": gold.created_by,
        "active": gold.active,
        "created_at": gold.created_at,
    }
    return GoldRow(**given | changed)
