"""Wordings that users' choices and ratings suggest for an entry. A curator takes each, or leaves it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import Engine
from sqlmodel import Field, Session, SQLModel, col, func, select

from app.curation.asked import standalone_query
from app.curation.clusters import key_of
from app.store.choices import ChoiceRow
from app.store.conversations import ExchangeRow, FeedbackRow, Rating
from app.store.db import UtcDateTime, now
from app.store.turn_table import TurnRow
from knowledge.entries import EntryStore
from knowledge.importing.records import MAX_ITEM
from knowledge.types import Entry, EntryStatus
from learning.personal_data import holds_personal_data
from pipeline.types import Outcome

_MOST_READ = 20_000
"""Choices, and ratings: the newest ones."""


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

    def _all_open(self) -> list[Suggestion]:
        entries, known = self._worded()
        with Session(self._engine) as session:
            decided = set(session.exec(select(SuggestionRow.id)))
            signs = [*_choices(session), *_ratings(session)]
        found = _collected(signs, entries, known)
        wanted = (each for each in found if each.id not in decided)
        return sorted(wanted, key=lambda each: (-each.chosen - each.rated_up, each.entry.id, each.id))

    def _state(self) -> tuple[object, ...]:
        """Differs once anything was chosen, rated, deleted, decided or written."""
        rating = col(FeedbackRow.rating)
        told = (
            select(func.count(), func.max(SuggestionRow.decided_at)),
            select(func.count(), func.count(col(ChoiceRow.chosen))),
            select(func.count(), func.max(FeedbackRow.created_at)).where(rating == Rating.UP.value),
        )
        with Session(self._engine) as session:
            return self._entries.state(), *(tuple(session.exec(each).one()) for each in told)

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
