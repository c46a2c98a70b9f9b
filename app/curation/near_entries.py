"""What a curator should know of the entries near to the one that he saves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.fuzz import ratio

from knowledge.curation.remarks import Remark, remarks_on
from knowledge.entries import EntryStore
from knowledge.releases.releases import LiveRelease
from knowledge.sentences import split_sentences
from knowledge.twins import question_key
from knowledge.types import Entry, EntryStatus, FloatArray
from pipeline.english.evidence_text import evidence_text, without_lead
from pipeline.english.language import read
from pipeline.stages.grounding.contradictions import ContradictionKind, find_contradiction

NEAR_SAME = 0.8
"""Cosine from which on two questions are told to ask nearly the same. Over 23 knowledge bases of 916 entries
that do not, 5 of them have one so near."""
COMPARED = 0.6
"""The same, from which on answers are compared: in those 916 entries 5 sentences are told to contradict."""
_NEIGHBOURS = 5
_RECENT = 100  # entries changed last, which may not be in the live release yet
_MOST = 500  # entries of one import that are compared
_OPPOSED = (ContradictionKind.NUMBER, ContradictionKind.POLARITY)
Embed = Callable[[Sequence[str]], FloatArray]


@dataclass(frozen=True, slots=True)
class Advice:
    """Remarks on entries, alone and beside those of the live release and those changed last. `embed` gives
    unit vectors; None while there is no encoder, and then only what is alike word for word is found."""

    entries: EntryStore
    live: LiveRelease
    embed: Callable[[], Embed | None]
    whole_words: int

    def on(self, entry: Entry) -> list[Remark]:
        """All remarks on one entry. Blocks."""
        return [*remarks_on(entry, self.whole_words), *self._beside(entry, self._recent(entry))]

    def on_many(self, ids: Collection[str]) -> Iterator[str]:
        """The same as sentences that name the entry, on entries that were just stored. Beyond some hundred,
        they are not compared with others, and that is said."""
        stored = [entry for entry in self.entries.all() if entry.id in ids]
        for entry in stored:
            for remark in remarks_on(entry, self.whole_words):
                yield f'"{entry.id}": {remark.detail}'
        if len(stored) > _MOST:
            yield f"{len(stored):,} entries are too many to compare each with those near to it."
            return
        recent = self.entries.recent(_RECENT)
        for entry in stored:
            for remark in self._beside(entry, recent):
                if remark.kind != "same":  # the import itself tells these
                    yield f'"{entry.id}": {remark.detail}'

    def _recent(self, entry: Entry) -> list[Entry]:
        return [*self.entries.recent(_RECENT), *self.entries.asking(entry.question)]

    def _beside(self, entry: Entry, recent: Sequence[Entry]) -> Iterator[Remark]:
        key = question_key(entry.question)
        for other, cosine in self._near(entry, recent):
            named = f'"{other.id}" ({other.question})'
            if question_key(other.question) == key:
                yield Remark("same", f"It asks the same as {named}.", other.id)
            elif cosine >= NEAR_SAME:
                yield Remark("near-same", f"It asks nearly the same as {named}.", other.id)
            if cosine >= COMPARED and (opposed := contradiction(entry, other)):
                yield Remark("contradiction", f"{named} says otherwise: {opposed}", other.id)

    def _near(self, entry: Entry, recent: Sequence[Entry]) -> list[tuple[Entry, float]]:
        """Other entries with the cosine of their questions to this one's, nearest first."""
        others = {other.id: other for other in recent if other.id != entry.id and _may_be_said(other)}
        near = {other_id: _same(entry, other) for other_id, other in others.items()}
        embed = self.embed()
        if embed is not None:
            vectors = embed([entry.question, *(other.question for other in others.values())])
            cosines = vectors[1:] @ vectors[0] if others else ()
            for other_id, cosine in zip(others, cosines, strict=True):
                near[other_id] = max(near[other_id], float(cosine))
            if self.live.release_id is not None:
                for hit in self.live.current.search(entry.question, vectors[0], _NEIGHBOURS + 1):
                    if hit.entry.id != entry.id and hit.entry.id not in others:
                        others[hit.entry.id], near[hit.entry.id] = hit.entry, hit.question_cosine
        told = [(others[other_id], cosine) for other_id, cosine in near.items() if cosine >= COMPARED]
        return sorted(told, key=lambda each: -each[1])[:_NEIGHBOURS]


def contradiction(entry: Entry, other: Entry) -> str:
    """The sentence of `entry` that is one of `other` with another number, or turned round, beside that one;
    "" where there is none."""
    cited = evidence_text((other,))
    for sentence in split_sentences(entry.answer):
        if not any(word.content for word in read(without_lead(sentence))):
            continue
        found = find_contradiction(sentence, cited)
        if found and found.alters and found.kind in _OPPOSED:
            theirs = max(split_sentences(other.answer), key=lambda each: ratio(each, sentence), default="")
            return f"there “{theirs}”, here “{sentence}”"
    return ""


def _same(entry: Entry, other: Entry) -> float:
    return 1.0 if question_key(other.question) == question_key(entry.question) else 0.0


def _may_be_said(entry: Entry) -> bool:
    return entry.status is not EntryStatus.RETIRED
