"""From a gap to an entry: its messages become the wordings of a draft, or of an entry that there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from app.curation.asked import Asked
from app.curation.clusters import key_of
from app.curation.gap_report import Gap
from knowledge.curation.lifecycle import Writing
from knowledge.entries import EntryStore
from knowledge.errors import EntryChanged
from knowledge.importing.question_ids import id_of
from knowledge.importing.records import MAX_ID, MAX_ITEM, MAX_ITEMS, MAX_QUESTION
from knowledge.types import UNWRITTEN, Entry, EntryStatus, Source
from learning.personal_data import holds_personal_data

_TRIES = 3  # to write over what nobody else changed meanwhile
MOST_WORDINGS = 20
"""Of a gap that become alternates where nobody says which: the most central ones."""


class MessagesRejected(ValueError):
    """Messages that cannot become wordings of an entry. The message is for curators."""


def wordings_of(gap: Gap, message_ids: Collection[str] | None = None) -> list[str]:
    """What may become alternates: of the messages named, or else the most central ones, one of each wording,
    without those that hold personal data or are too long. Raises `MessagesRejected` where one is named that
    may not, or is not of this gap."""
    if message_ids is None:
        return [each.text for each in takeable(gap)[:MOST_WORDINGS]]
    there = {each.message_id: each for each in gap.cluster.messages}
    for message_id in message_ids:
        fault = _fault(there[message_id]) if message_id in there else "is not a message of this gap"
        if fault:
            raise MessagesRejected(f'messages: "{message_id[:80]}" {fault}.')
    return [there[message_id].text for message_id in message_ids]


def takeable(gap: Gap) -> list[Asked]:
    """One message of each wording that may become an alternate, the most central one first."""
    return [each for each in gap.cluster.wordings if _fault(each) is None]


def _fault(asked: Asked) -> str | None:
    if len(asked.text) > MAX_ITEM:
        return f"is longer than the {MAX_ITEM} characters of an alternate"
    return "holds personal data" if holds_personal_data(asked.text) else None


def draft_of(
    wordings: Sequence[str],
    name: str,
    taken: Collection[str],
    *,
    question: str | None = None,
    answer: str | None = None,
    topic: str | None = None,
    sources: Sequence[Source] = (),
) -> Entry:
    """A draft with the wordings as alternates; its question is by default what the gap is named by, if that
    is one of them, or else the most central one, and its id made of the question. `taken` are ids in use."""
    given = name if name in wordings else next(iter(wordings), name)
    asked = (question or given).strip()[:MAX_QUESTION]
    draft = Entry(
        id=free_id(id_of(asked), taken),
        question=asked,
        answer=(answer or "").strip() or UNWRITTEN,
        topic=(topic or "").strip() or "general",
        sources=tuple(sources),
        status=EntryStatus.DRAFT,
    )
    return worded(draft, wordings)


def worded(entry: Entry, wordings: Iterable[str]) -> Entry:
    """The entry with more alternates: those that it does not have already, as many as it can hold."""
    known = {key_of(text) for text in (entry.question, *entry.alternates)}
    fresh: list[str] = []
    for text in wordings:
        if key_of(text) not in known:
            known.add(key_of(text))
            fresh.append(" ".join(text.split()))
    return replace(entry, alternates=(*entry.alternates, *fresh)[:MAX_ITEMS])


def reworded(entries: EntryStore, entry_id: str, wordings: Sequence[str], by: Writing) -> tuple[Entry, bool]:
    """Gives an entry these alternates too, whoever else changes it meanwhile: what is stored then, and
    whether that is new. Raises `EntryNotFound`, and `EntryChanged` where it never rests."""
    tries = 0
    while True:
        kept = entries.kept(entry_id)
        entry = worded(kept.entry, wordings)
        if entry == kept.entry:
            return entry, False
        try:
            return entries.update(entry, by, known=kept.version).entry, True
        except EntryChanged:
            tries += 1
            if tries == _TRIES:
                raise


def free_id(entry_id: str, taken: Collection[str]) -> str:
    number, free = 1, entry_id
    while free in taken:
        number += 1
        free = f"{entry_id[: MAX_ID - 8]}-{number}"
    return free
