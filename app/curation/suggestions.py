"""Wordings that users' choices and ratings suggest for an entry. A curator takes each, or leaves it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from threading import Thread
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, col, func, select

from app.curation.asked import standalone_query
from app.curation.clusters import key_of
from app.store.database.db import UtcDateTime, now
from app.store.turns.choices import ChoiceRow
from app.store.turns.conversations import ExchangeRow, FeedbackRow, Rating
from app.store.turns.turn_table import TurnRow
from knowledge.entries import EntryStore
from knowledge.importing.records import MAX_ITEM
from knowledge.types import Entry, EntryStatus
from learning.personal_data import holds_personal_data
from pipeline.types import Outcome

_MOST_READ = 20_000
"""Choices, and ratings: the newest ones."""
_AT_ONCE = 1_000  # of them, a view waits for: some 0.1 s


class SuggestionNotFound(LookupError):
    """There is no such suggestion, or no longer: it was decided, or what it came from is deleted."""


class Decision(StrEnum):
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class SuggestionRow(SQLModel, table=True):
    """What was decided. `id` is made of the entry and a hash of the wording: what was said is not kept."""

    __tablename__ = "suggestion"

    id: str = Field(primary_key=True, max_length=32)
    entry_id: str = Field(max_length=100)
    decision: str = Field(max_length=16)
    decided_by: str = Field(max_length=100)
    decided_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@dataclass(slots=True)
class Suggestion:
    """A wording for an entry: how often users chose the entry after it, and rated its answer up. `rivals` are
    other entries that were chosen after the same words."""

    id: str
    entry: Entry
    text: str
    last_at: datetime
    chosen: int = 0
    rated_up: int = 0
    message_ids: list[str] = field(default_factory=list)
    rivals: list[str] = field(default_factory=list)


class Suggestions:
    """The suggestions of one database. Synchronous; safe to use from many threads."""

    def __init__(self, engine: Engine, entries: EntryStore) -> None:
        self._engine = engine
        self._entries = entries
        self._read: tuple[object, dict[str, Entry], set[str]] = (None, {}, set())
        self._found: tuple[object, list[Suggestion]] = (None, [])
        self._finding: Thread | None = None

    def open(self, entry_id: str | None = None) -> list[Suggestion]:
        """What is not decided, those confirmed most often first. Not what holds personal data, and not what
        the entry, or another one, is worded with already. Found anew once anything was chosen, rated,
        decided or written."""
        state = self._state()
        known, found = self._found
        if known != state:
            found = self._all_open()
            self._found = state, found
        return [each for each in found if entry_id is None or each.entry.id == entry_id]

    def at_hand(self, entry_id: str | None = None) -> list[Suggestion]:
        """The same for who cannot wait: where much was said, as found last, while it is found anew beside."""
        state = self._state()
        if self._found[0] != state:
            _, _, (_, chosen), (rated_up, _) = state
            if chosen + rated_up <= _AT_ONCE:
                return self.open(entry_id)
            self._find_beside()
        return [each for each in self._found[1] if entry_id is None or each.entry.id == entry_id]

    def _find_beside(self) -> None:
        if self._finding is None or not self._finding.is_alive():
            self._finding = Thread(target=self._find, name="suggestions", daemon=True)
            self._finding.start()

    def _find(self) -> None:
        with suppress(SQLAlchemyError):  # the service ends, or cannot be read: whoever asks next is told
            self.open()

    def _all_open(self) -> list[Suggestion]:
        entries, known = self._worded()
        with Session(self._engine) as session:
            decided = set(session.exec(select(SuggestionRow.id)))
            signs = [*_choices(session), *_ratings(session)]
        found = _collected(signs, entries, known)
        wanted = (each for each in found if each.id not in decided)
        return sorted(wanted, key=lambda each: (-each.chosen - each.rated_up, each.entry.id, each.id))

    def _state(self) -> tuple[Any, Any, tuple[int, int], tuple[int, Any]]:
        """Differs once anything was chosen, rated, deleted, decided or written."""
        rating = col(FeedbackRow.rating)
        told = (
            select(func.count(), func.max(SuggestionRow.decided_at)),
            select(func.count(), func.count(col(ChoiceRow.chosen))),
            select(func.count(), func.max(FeedbackRow.created_at)).where(rating == Rating.UP.value),
        )
        with Session(self._engine) as session:
            decided, choices, ups = (tuple[Any, Any](session.exec(each).one()) for each in told)
            return self._entries.state(), decided, choices, ups

    def _worded(self) -> tuple[dict[str, Entry], set[str]]:
        """The entries, and all that they are worded with; read again once any was written."""
        state = self._entries.state()
        known, entries, wordings = self._read
        if known != state:
            entries = {entry.id: entry for entry in self._entries.all()}
            each_wording = ((entry.question, *entry.alternates) for entry in entries.values())
            wordings = {key_of(wording) for texts in each_wording for wording in texts}
            self._read = state, entries, wordings
        return entries, wordings

    def get(self, suggestion_id: str) -> Suggestion:
        """Raises `SuggestionNotFound`."""
        for each in self.open():
            if each.id == suggestion_id:
                return each
        raise SuggestionNotFound(suggestion_id)

    def decide(self, suggestion: Suggestion, decision: Decision, by: str) -> None:
        """Keeps what a curator decided; whoever accepts adds the wording to the entry."""
        row = SuggestionRow(
            id=suggestion.id, entry_id=suggestion.entry.id, decision=decision.value, decided_by=by
        )
        with Session(self._engine) as session, session.begin():
            session.merge(row)
        state, found = self._found
        self._found = state, [each for each in found if each.id != suggestion.id]


@dataclass(frozen=True, slots=True)
class _Sign:
    entry_id: str
    text: str
    message_id: str
    at: datetime
    is_choice: bool


def _choices(session: Session) -> Iterator[_Sign]:
    taken = select(ChoiceRow).where(col(ChoiceRow.chosen).is_not(None))
    for row in session.exec(taken.order_by(col(ChoiceRow.created_at).desc()).limit(_MOST_READ)):
        yield _Sign(row.chosen or "", row.message, row.message_id, row.created_at, is_choice=True)


def _ratings(session: Session) -> Iterator[_Sign]:
    """Answers of one entry that were rated up; of a follow-up, the query that was made of it."""
    rated = (
        select(ExchangeRow, TurnRow.steps)
        .join(FeedbackRow, col(FeedbackRow.message_id) == ExchangeRow.message_id)
        .outerjoin(TurnRow, col(TurnRow.message_id) == ExchangeRow.message_id)
        .where(FeedbackRow.rating == Rating.UP.value, ExchangeRow.outcome == Outcome.ANSWERED.value)
        .order_by(col(ExchangeRow.seq).desc())
        .limit(_MOST_READ)
        .execution_options(yield_per=500)
    )
    for row, steps in session.exec(rated):
        cited = {str(citation["entry_id"]) for citation in row.citations}
        if len(cited) == 1:
            text = standalone_query(steps or ()) or row.message
            yield _Sign(cited.pop(), text, row.message_id, row.created_at, is_choice=False)


def _collected(signs: Iterable[_Sign], entries: dict[str, Entry], known: set[str]) -> list[Suggestion]:
    found: dict[str, Suggestion] = {}
    by_wording: dict[str, set[str]] = {}
    for sign in signs:
        key, entry = key_of(sign.text), entries.get(sign.entry_id)
        by_wording.setdefault(key, set()).add(sign.entry_id)
        if entry is None or entry.status is EntryStatus.RETIRED or key in known or not is_fit(sign.text):
            continue
        name = hashlib.sha256(f"{entry.id}\n{key}".encode()).hexdigest()[:32]
        each = found.setdefault(name, Suggestion(name, entry, " ".join(sign.text.split()), sign.at))
        each.chosen += sign.is_choice
        each.rated_up += not sign.is_choice
        each.last_at = max(each.last_at, sign.at)
        each.message_ids.append(sign.message_id)
    for each in found.values():
        each.rivals = sorted(by_wording[key_of(each.text)] - {each.entry.id})
    return list(found.values())


@lru_cache(_MOST_READ)
def is_fit(text: str) -> bool:
    """Whether a message may become an alternate."""
    return bool(text.strip()) and len(text) <= MAX_ITEM and not holds_personal_data(text)
