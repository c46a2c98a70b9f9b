"""Entries to files that `knowledge.importing` takes back unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from knowledge.types import Entry


def export_jsonl(entries: Iterable[Entry]) -> Iterator[str]:
    """One line an entry, each with its newline."""
    raise NotImplementedError


def export_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A header row, then one row an entry."""
    raise NotImplementedError


def export_markdown(entry: Entry) -> str:
    """One entry as a Markdown file with front matter."""
    raise NotImplementedError
