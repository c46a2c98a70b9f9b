"""What users thought of replies: ratings with what was asked and said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, or_
from sqlmodel import Session, col, select

from app.store.turns.asking import Wanted, cites
from app.store.turns.conversations import ExchangeRow, FeedbackRow
from app.store.turns.turn_table import TurnRow
from learning.personal_data import masked


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """Newest rating first; `total` counts all that match."""

    items: tuple[dict[str, Any], ...]
    total: int


def feedback_page(engine: Engine, wanted: Wanted, *, offset: int = 0, limit: int = 50) -> FeedbackPage:
    """Messages and comments without personal data."""
    columns: tuple[Any, ...] = (FeedbackRow, ExchangeRow, TurnRow.release_id)
    conditions = _conditions(wanted)
    rated = _joined(select(*columns)).where(*conditions)
    rated = rated.order_by(col(FeedbackRow.created_at).desc(), col(FeedbackRow.message_id))
    count = _joined(select(func.count(col(FeedbackRow.message_id)))).where(*conditions)
    with Session(engine) as session:
        rows = session.execute(rated.offset(offset).limit(limit)).all()
        return FeedbackPage(tuple(_told(*row) for row in rows), session.execute(count).scalar_one())


def _joined(statement: Any) -> Any:  # noqa: ANN401  # of these columns or those
    return (
        statement.select_from(FeedbackRow)
        .join(ExchangeRow, col(ExchangeRow.message_id) == FeedbackRow.message_id)
        .outerjoin(TurnRow, col(TurnRow.message_id) == FeedbackRow.message_id)
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    asked = col(ExchangeRow.created_at)
    found: list[ColumnElement[bool] | None] = [
        asked >= wanted.since if wanted.since else None,
        asked < wanted.until if wanted.until else None,
        col(ExchangeRow.outcome) == wanted.outcome if wanted.outcome else None,
        col(FeedbackRow.rating) == wanted.rating.value if wanted.rating else None,
        cites(wanted.entry_id) if wanted.entry_id else None,
        col(TurnRow.release_id) == wanted.release_id if wanted.release_id else None,
        _holds(wanted.text) if wanted.text else None,
    ]
    return [condition for condition in found if condition is not None]


def _holds(text: str) -> ColumnElement[bool]:
    columns = (col(ExchangeRow.message), col(ExchangeRow.reply), col(FeedbackRow.comment))
    return or_(*(column.icontains(text, autoescape=True) for column in columns))


def _told(feedback: FeedbackRow, exchange: ExchangeRow, release_id: str | None) -> dict[str, Any]:
    return {
        "message_id": feedback.message_id,
        "conversation_id": exchange.conversation_id,
        "rating": feedback.rating,
        "comment": masked(feedback.comment) if feedback.comment else None,
        "rated_at": feedback.created_at,
        "asked_at": exchange.created_at,
        "message": masked(exchange.message),
        "reply": exchange.reply,
        "outcome": exchange.outcome,
        "entry_ids": list(dict.fromkeys(str(each["entry_id"]) for each in exchange.citations)),
        "release_id": release_id,
        "trace": f"/admin/turns/{feedback.message_id}" if release_id else None,
    }
