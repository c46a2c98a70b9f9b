"""Stands in for the query rewriter until it is there."""

from __future__ import annotations

from pipeline.turn import SearchQuery
from pipeline.types import Question


class UnchangedQuery:
    """The message as it is, without alternates."""

    engine = "none"

    async def __call__(self, question: Question) -> SearchQuery:
        return SearchQuery(question.text)
