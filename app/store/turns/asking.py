"""Which turns are looked for, whether in their traces or in their ratings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast

from app.store.turns.conversations import ExchangeRow, Rating


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters, of which all given have to hold: when the message was asked (`since` on, before `until`), what
    came of it, how it was rated, an entry that the reply cites, the release that it was put to, a text in
    message, reply or comment."""

    since: datetime | None = None
    until: datetime | None = None
    outcome: str | None = None
    rating: Rating | None = None
    entry_id: str | None = None
    release_id: str | None = None
    text: str | None = None


def cites(entry_id: str) -> ColumnElement[bool]:
    """The condition on `ExchangeRow` that its reply cites an entry."""
    return cast(ExchangeRow.citations, String).contains(f'"entry_id": "{entry_id}"', autoescape=True)
