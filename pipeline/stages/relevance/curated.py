"""A curated question sent back, from a suggestion or typed: its entry answers, whatever else is near."""

from __future__ import annotations

from knowledge.types import Hit
from pipeline.ports import Knowledge, release_of
from pipeline.turn import Accepted, Evidence, SearchQuery
from pipeline.types import Question


class CuratedQuestion:
    """Certain evidence for a message that is an entry's own question, in any case and with any marks."""

    engine = "curated"

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def __call__(self, question: Question) -> Evidence | None:
        """Raises `RetrievalFailed` where no release is loaded."""
        hit = release_of(question.context, self._knowledge).asked(question.text)
        return None if hit is None else certain(question, hit)


def certain(question: Question, hit: Hit) -> Evidence:
    """The evidence that an entry was asked for by itself."""
    return Evidence(SearchQuery.of(question), (Accepted(hit, 1.0),), ((hit.entry.id, 1.0),), 1.0)
