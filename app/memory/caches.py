"""What is kept in this process of texts that users wrote, so that they are not read twice."""

from __future__ import annotations

from app.curation import suggestions
from knowledge.index.recent import forget_all
from learning.personal_data import find_personal_data
from pipeline.english import conditions
from pipeline.english.language import canonical, read, stem


def forget_texts() -> None:
    """Empties all of it: to be called once something that a user wrote is deleted."""
    for cached in (read, stem, canonical, find_personal_data, conditions.read_statements, suggestions.is_fit):
        cached.cache_clear()
    forget_all()
