"""What was approved word for word: a block of an entry, in one of the forms in which it may be said."""

from __future__ import annotations

from knowledge.blocks import read_blocks, spoken_forms
from knowledge.types import Entry
from pipeline.turn import Evidence, Sentence, SentenceKind


def said_of(sentence: Sentence, evidence: Evidence) -> bool:
    """Whether a sentence of kind BLOCK is one, word for word, of the one entry that it cites."""
    if sentence.kind is not SentenceKind.BLOCK or len(sentence.cites) != 1:
        return False
    (number,) = sentence.cites
    if not 1 <= number <= len(evidence.accepted):
        return False
    return is_block_of(sentence.text, evidence.accepted[number - 1].hit.entry)


def is_block_of(text: str, entry: Entry) -> bool:
    """Whether a text is a block of the entry's answer, alone or below the headings that it stands under."""
    return any(text in spoken_forms(entry.answer, block) for block in read_blocks(entry.answer))
