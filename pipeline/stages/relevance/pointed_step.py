"""A message about one of the steps of the reply before it: "step 3 fails"."""

from __future__ import annotations

from pipeline.ports import Knowledge, release_of
from pipeline.stages.relevance.curated import certain
from pipeline.stages.rewriting.ordinals import names_a_step, pointed_item
from pipeline.turn import Evidence
from pipeline.types import Question


class PointedStep:
    """Certain evidence for a message about a step of the reply before it: the entry that has that step."""

    engine = "ordinal"

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def __call__(self, question: Question) -> Evidence | None:
        """Raises `RetrievalFailed` where no release is loaded."""
        item = pointed_item(question.text, question.history) if names_a_step(question.text) else ""
        if not item:
            return None
        snapshot = release_of(question.context, self._knowledge)
        having = [entry for entry in snapshot.entries.values() if item in entry.answer]
        hit = snapshot.asked(having[0].question) if len(having) == 1 else None
        return None if hit is None else certain(question, hit)
