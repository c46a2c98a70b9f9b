"""What an entry is not about, in its owner's words: a message that names it is not answered by that entry."""

from __future__ import annotations

from knowledge.types import Entry
from pipeline.english.language import read
from pipeline.ports import RelevanceCheck
from pipeline.turn import Evidence, Retrieved, SearchQuery


class Exclusions:
    """Keeps from `check`, whichever engine judges, the entries that the message excludes."""

    def __init__(self, check: RelevanceCheck) -> None:
        self._check = check
        self.engine = check.engine

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        """Raises what `check` raises."""
        said = {word.stem for word in read(query.own or query.text)}
        hits = tuple(hit for hit in retrieved.hits if not _excludes(hit.entry, said))
        return await self._check(query, Retrieved(hits))


def _excludes(entry: Entry, said: set[str]) -> bool:
    terms = ({word.stem for word in read(term)} for term in entry.not_about)
    return any(term and term <= said for term in terms)
