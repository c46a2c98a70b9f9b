"""What of an entry can be found: its questions, and its answer in whole sentences."""

from __future__ import annotations

from knowledge.types import Entry, Passage


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Character spans of the sentences of `text`, in order, without surrounding white space."""
    raise NotImplementedError


def passages_of(entry: Entry) -> list[Passage]:
    """QUESTION, ALTERNATEs, MISCONCEPTIONs, CHUNKs, then SENTENCEs of one entry."""
    raise NotImplementedError
