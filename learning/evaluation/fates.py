"""What became of a question: whether the reply holds the whole right answer and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.blocks import read_blocks, spoken_forms, whole
from knowledge.types import Entry
from pipeline.types import Outcome, Reply

_TELLING = 4  # words of a line: shorter ones are phrases that anybody may use


class Fate(StrEnum):
    """The first six of a question that the knowledge base answers, the last three of one that it does not."""

    RIGHT_ALONE = "right alone"  # the whole answer of the right entries, and nothing else
    MIXED = "right but mixed"  # all that is needed, beside what other entries say
    INCOMPLETE = "incomplete"  # a right entry, of whose answer, or of those also needed, something is missing
    WRONG = "wrong"  # an answer without a right entry
    OFFERED = "offered"  # a choice; of a question with an answer, one that holds a right entry
    REFUSED = "refused"  # no answer and no such choice
    ANSWERED = "answered"  # an answer where there is none


@dataclass(frozen=True, slots=True)
class Wanted:
    """The entries that answer, `needs_all` of them or any, and up to how many words an answer has to be said
    whole."""

    entry_ids: tuple[str, ...]
    needs_all: bool = False
    whole_words: int = 0


def fate_of(reply: Reply, wanted: Wanted, entries: Mapping[str, Entry]) -> Fate:
    """The fate of a question that got this reply from a knowledge base of these entries."""
    cited = dict.fromkeys(citation.entry_id for citation in reply.citations)
    if reply.outcome is not Outcome.ANSWERED:
        return Fate.OFFERED if _offers(reply, wanted, entries) else Fate.REFUSED
    if not wanted.entry_ids:
        return Fate.ANSWERED
    right = [entry_id for entry_id in wanted.entry_ids if entry_id in cited]
    if not right:
        return Fate.WRONG
    needed = right if wanted.needs_all else right[:1]
    if wanted.needs_all and len(right) < len(wanted.entry_ids):
        return Fate.INCOMPLETE
    if not all(_is_said(reply, entries[entry_id], wanted.whole_words) for entry_id in needed):
        return Fate.INCOMPLETE
    return Fate.RIGHT_ALONE if _holds_only(reply, needed, entries) else Fate.MIXED


def without_marks(text: str, numbers: Iterable[int]) -> str:
    """A reply's text as it is compared: without these citation marks, blanks at the ends of lines, and more
    than one empty line at a time."""
    marks = "|".join(str(number) for number in sorted(numbers))
    text = text.replace("\r\n", "\n")
    unmarked = re.sub(rf"[^\S\n]?\[(?:{marks})\]", "", text) if marks else text
    lines = "\n".join(line.rstrip() for line in unmarked.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _offers(reply: Reply, wanted: Wanted, entries: Mapping[str, Entry]) -> bool:
    if reply.outcome is not Outcome.CLARIFY or not reply.suggestions:
        return False
    right = {entries[entry_id].question for entry_id in wanted.entry_ids if entry_id in entries}
    return not wanted.entry_ids or not right.isdisjoint(reply.suggestions)


def _is_said(reply: Reply, entry: Entry, whole_words: int) -> bool:
    """Whether the answer stands in the reply whole and in its own layout; of one with more words, whether
    whole blocks of it do, in their order."""
    numbers = {citation.index for citation in reply.citations}
    if without_marks(whole(entry.answer), numbers) in without_marks(reply.text, numbers):
        return True
    if len(entry.answer.split()) <= whole_words:
        return False
    blocks = read_blocks(entry.answer)
    places = [
        next((at for at, block in enumerate(blocks) if text in spoken_forms(entry.answer, block)), None)
        for text in _cited_texts(reply, entry.id)
    ]
    known = [place for place in places if place is not None]
    return len(known) == len(places) and known == sorted(set(known))


def _holds_only(reply: Reply, entry_ids: Sequence[str], entries: Mapping[str, Entry]) -> bool:
    """Whether what is cited is the text of these entries, and what is not cited no line of any entry."""
    numbers = {citation.index for citation in reply.citations}
    own = [without_marks(entries[entry_id].answer, numbers) for entry_id in entry_ids]
    if any(citation.entry_id not in entry_ids for citation in reply.citations):
        return False
    for entry_id in entry_ids:
        for text in _cited_texts(reply, entry_id):
            parts = [without_marks(part, numbers) for part in text.split("\n\n")]
            if not all(any(part in answer for answer in own) for part in parts):
                return False
    uncited = set(_lines(_uncited(reply)))
    return not uncited or all(uncited.isdisjoint(_lines(entry.answer)) for entry in entries.values())


def _cited_texts(reply: Reply, entry_id: str) -> list[str]:
    spans = {(each.start, each.end) for each in reply.citations if each.entry_id == entry_id}
    return [reply.text[start:end] for start, end in sorted(spans)]


def _uncited(reply: Reply) -> str:
    """What the reply says between what is cited."""
    spans = sorted({(citation.start, citation.end) for citation in reply.citations})
    starts, ends = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(reply.text)]
    return "\n".join(reply.text[start:end] for start, end in zip(starts, ends, strict=True))


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if len(line.split()) >= _TELLING)
