"""A curated question sent back, from a suggestion or typed: its entry answers, whatever else is near."""

from __future__ import annotations

from pipeline.ports import Knowledge
from pipeline.turn import Accepted, Evidence, SearchQuery
from pipeline.types import Question


class CuratedQuestion:
    """Certain evidence for a message that is an entry's own question, in any case and with any marks."""

    engine = "curated"

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def __call__(self, question: Question) -> Evidence | None:
        """Raises `RetrievalFailed` where no release is loaded."""
        hit = self._knowledge.current.asked(question.text)
        if hit is None:
            return None
        query = SearchQuery(question.text)
        return Evidence(query, (Accepted(hit, 1.0),), ((hit.entry.id, 1.0),), 1.0)
