"""Passages as entries and entries as passages: what the relevance stage reads of an entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from knowledge.importing.paths import parse_path
from knowledge.sentences import split_sentences
from knowledge.types import Entry, KnowledgeError
from learning.evaluation.layouts.rows import SuiteError
from learning.evaluation.records import Pair

_LONGEST_QUESTION = 500


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The knowledge base of a suite. Raises `SuiteError`."""
    try:
        return parse_path(path).entries
    except KnowledgeError as error:
        raise SuiteError(f"{path}: {error}") from None


def passage_of(entry: Entry) -> str:
    """An entry as one text: its question, then its answer."""
    return f"{entry.question} {entry.answer}"


def entry_of_passage(entry_id: str, text: str) -> Entry:
    """A passage that nobody wrote a question for: its first sentence stands in for one."""
    first, *others = split_sentences(text) or [text]
    return Entry(entry_id, first[:_LONGEST_QUESTION], " ".join(others) or text)


def among_own_passages(pairs: Iterable[Pair]) -> tuple[tuple[Entry, ...], tuple[Pair, ...]]:
    """A knowledge base of the pairs' own passages, and the pairs with their passages as it words them."""
    entries: dict[str, Entry] = {}
    reworded = []
    for pair in pairs:
        entry = entries.setdefault(pair.passage, entry_of_passage(f"passage-{len(entries):05}", pair.passage))
        reworded.append(replace(pair, passage=passage_of(entry)))
    return tuple(entries.values()), tuple(reworded)
