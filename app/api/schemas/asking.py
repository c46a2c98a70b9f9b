"""Which turns a caller looks for, as the query of an address says it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from app.api.instants import Since, Until
from app.api.schemas.admin import Name, Text
from app.store.turns.asking import Wanted
from app.store.turns.conversations import Rating
from pipeline.types import Outcome


def _wanted(
    outcome: Outcome | None = None,
    rating: Rating | None = None,
    entry: Name = None,
    release: Name = None,
    text: Text = None,
    since: Annotated[Since, Query()] = None,
    until: Annotated[Until, Query()] = None,
) -> Wanted:
    return Wanted(since, until, outcome and outcome.value, rating, entry, release, text)


Asking = Annotated[Wanted, Depends(_wanted)]
"""All filters given have to hold."""
