"""Of entries that translate each other, the one in the user's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from weakref import WeakKeyDictionary

from knowledge.types import Entry, Snapshot
from pipeline.ports import Knowledge, RelevanceCheck, release_of
from pipeline.turn import Accepted, Evidence, Retrieved, SearchQuery

_Family = Mapping[str, Entry]


class Translations:
    """What `check` accepts or offers is said in the user's language where the release holds an approved
    translation, and else in the original's: which of them was found is a matter of chance."""

    def __init__(self, check: RelevanceCheck, knowledge: Knowledge) -> None:
        self.check = check
        self._knowledge = knowledge
        self._families: WeakKeyDictionary[Snapshot, Mapping[str, _Family]] = WeakKeyDictionary()
        self.engine = check.engine

    async def __call__(self, query: SearchQuery, retrieved: Retrieved) -> Evidence:
        """Raises what `check` raises, and `RetrievalFailed`."""
        evidence = await self.check(query, retrieved)
        snapshot = release_of(query.context, self._knowledge)
        if snapshot not in self._families:
            self._families[snapshot] = _families(snapshot.entries.values())
        if not (families := self._families[snapshot]):
            return evidence

        def in_language(items: tuple[Accepted, ...]) -> tuple[Accepted, ...]:
            return tuple(_said_in(query.language, item, families) for item in items)

        accepted, offered = in_language(evidence.accepted), in_language(evidence.offered)
        return replace(evidence, accepted=accepted, offered=offered)


def _families(entries: Iterable[Entry]) -> Mapping[str, _Family]:
    """For the id of each entry that has translations or is one, all by language, "" the original's."""
    found: dict[str, dict[str, Entry]] = {}
    entries = tuple(entries)
    translated = {entry.translation_of for entry in entries if entry.translation_of}
    for entry in entries:
        if entry.translation_of:
            found.setdefault(entry.translation_of, {}).setdefault(entry.language, entry)
        elif entry.id in translated:
            family = found.setdefault(entry.id, {})
            family[""] = entry
            family[entry.language] = entry
    return {entry.id: found[root] for entry in entries if (root := entry.translation_of or entry.id) in found}


def _said_in(language: str, item: Accepted, families: Mapping[str, _Family]) -> Accepted:
    family = families.get(item.hit.entry.id, {})
    today = date.today()
    for entry in (family.get(language), family.get("")):
        if entry is not None and entry.is_servable(today):
            return replace(item, hit=replace(item.hit, entry=entry))
    return item
