"""What users asked, and what became of it: the messages that show what the knowledge base lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, and_, func, or_
from sqlmodel import Session, col, select

from app.store.turns.choices import ChoiceRow
from app.store.turns.conversations import ExchangeRow, FeedbackRow, Rating
from app.store.turns.turn_table import TurnRow
from learning.personal_data import masked
from learning.traces import TracedQuery, read_steps
from pipeline.types import Outcome

_SLICE = 500  # rows a statement: below every database's limit of bound values


class Kind(StrEnum):
    """What became of a message: no answer, none of the entries offered taken up, the reply rated down, taken
    for another subject; or answered."""

    UNANSWERED = "unanswered"
    NOT_CHOSEN = "not_chosen"
    RATED_DOWN = "rated_down"
    OFF_TOPIC = "off_topic"
    ANSWERED = "answered"


class Section(StrEnum):
    """Messages are compared within their section only."""

    GAPS = "gaps"
    OFF_TOPIC = "off_topic"
    ANSWERED = "answered"


def section_of(kind: Kind | None) -> Section:
    """Where messages of a kind are; by default, the gaps."""
    apart = {Kind.OFF_TOPIC: Section.OFF_TOPIC, Kind.ANSWERED: Section.ANSWERED}
    return apart.get(kind, Section.GAPS) if kind else Section.GAPS


@dataclass(frozen=True, slots=True)
class Asked:
    """One message, without personal data. `text` is what it asks by itself: of a follow-up, the query that
    was made of it. `told` are the passages that its reply cited, `cited` the entries they are from;
    `release_id` is the release that it was put to, where that is known."""

    message_id: str
    conversation_id: str
    at: datetime
    message: str
    text: str
    kind: Kind
    outcome: str
    rating: str | None
    cited: tuple[str, ...]
    told: frozenset[str]
    release_id: str | None


class AskedMessages:
    """Reads the messages of one database; what it masked once it keeps as long as the message is there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._masked: dict[Section, dict[str, tuple[str, str]]] = {}

    def state(self) -> tuple[Any, ...]:
        """Differs once anything was said, rated, chosen or deleted."""
        with Session(self._engine) as session:
            said = session.exec(select(func.count(), func.max(ExchangeRow.seq)).select_from(ExchangeRow))
            rated = session.exec(
                select(FeedbackRow.rating, func.count(), func.max(FeedbackRow.created_at))
                .group_by(FeedbackRow.rating)
                .order_by(FeedbackRow.rating)
            )
            offered = session.exec(select(func.count(), func.count(col(ChoiceRow.chosen))))
            return (*said.one(), *map(tuple, rated.all()), *offered.one())

    def newest(self, section: Section, limit: int) -> list[Asked]:
        """The newest messages of a section, at most `limit`, newest first."""
        with Session(self._engine) as session:
            rows = session.execute(_rows(section).limit(limit)).all()
            known = self._masked.get(section, {})
            unknown = {row.message_id: row.message for row in rows if row.message_id not in known}
            queries = dict(_standalone(session, unknown))
        texts = {
            row.message_id: known.get(row.message_id)
            or (masked(row.message), masked(queries.get(row.message_id, row.message)))
            for row in rows
        }
        self._masked[section] = texts
        return [_asked(section, row, *texts[row.message_id]) for row in rows]


def _rows(section: Section) -> Any:  # noqa: ANN401  # a statement of eleven columns
    down = col(FeedbackRow.rating) == Rating.DOWN.value
    untaken = and_(col(ChoiceRow.message_id).is_not(None), col(ChoiceRow.chosen).is_(None))
    not_down = or_(col(FeedbackRow.rating).is_(None), ~down)
    wanted: dict[Section, ColumnElement[bool]] = {
        Section.GAPS: or_(col(ExchangeRow.outcome) == Outcome.NO_ANSWER.value, untaken, down),
        Section.OFF_TOPIC: and_(col(ExchangeRow.outcome) == Outcome.OFF_TOPIC.value, not_down),
        Section.ANSWERED: and_(col(ExchangeRow.outcome) == Outcome.ANSWERED.value, not_down),
    }
    columns: tuple[Any, ...] = (
        ExchangeRow.message_id,
        ExchangeRow.conversation_id,
        ExchangeRow.created_at,
        ExchangeRow.message,
        ExchangeRow.reply,
        ExchangeRow.outcome,
        ExchangeRow.citations,
        FeedbackRow.rating,
        col(ChoiceRow.message_id).label("offer"),
        ChoiceRow.chosen,
        TurnRow.release_id,
    )
    joined = (
        select(*columns)
        .outerjoin(FeedbackRow, col(FeedbackRow.message_id) == ExchangeRow.message_id)
        .outerjoin(ChoiceRow, col(ChoiceRow.message_id) == ExchangeRow.message_id)
        .outerjoin(TurnRow, col(TurnRow.message_id) == ExchangeRow.message_id)
    )
    return joined.where(wanted[section]).order_by(col(ExchangeRow.seq).desc())


def _standalone(session: Session, messages: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Of messages that lean on their conversation, the query that was made of them, where it is kept."""
    for ids in _parts(list(_later_ones(session, list(messages)))):
        traced = select(TurnRow.message_id, TurnRow.steps).where(col(TurnRow.message_id).in_(ids))
        for message_id, steps in session.exec(traced):
            if query := standalone_query(steps):
                yield message_id, query


def _later_ones(session: Session, ids: Sequence[str]) -> Iterator[str]:
    """Those that are not the first of their conversation."""
    firsts = select(func.min(ExchangeRow.seq)).group_by(col(ExchangeRow.conversation_id))
    for part in _parts(ids):
        named = col(ExchangeRow.message_id).in_(part)
        yield from session.exec(
            select(ExchangeRow.message_id).where(named, col(ExchangeRow.seq).not_in(firsts))
        )


def standalone_query(steps: Sequence[Mapping[str, Any]]) -> str | None:
    """The query that a turn made of its message and the conversation; None where the message is one."""
    queries = read_steps(steps).all(TracedQuery)
    return next((query.text for query in queries if query.used_history), None)


def _asked(section: Section, row: Row[Any], message: str, text: str) -> Asked:
    return Asked(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        at=row.created_at,
        message=message,
        text=text,
        kind=_kind(section, row),
        outcome=row.outcome,
        rating=row.rating,
        cited=tuple(dict.fromkeys(str(each["entry_id"]) for each in row.citations)),
        told=frozenset(row.reply[each["start"] : each["end"]] for each in row.citations),
        release_id=row.release_id,
    )


def _kind(section: Section, row: Row[Any]) -> Kind:
    if section is not Section.GAPS:
        return Kind(section.value)
    if row.outcome == Outcome.NO_ANSWER:
        return Kind.UNANSWERED
    return Kind.NOT_CHOSEN if row.offer and row.chosen is None else Kind.RATED_DOWN


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _SLICE] for start in range(0, len(ids), _SLICE))
