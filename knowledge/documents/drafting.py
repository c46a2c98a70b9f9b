"""The sections of a document as entries that a curator can approve."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from knowledge.documents.types import Document, Section
from knowledge.importing.question_ids import id_of
from knowledge.importing.records import MAX_QUESTION, MAX_TITLE, MAX_TOPIC, Problems, entry_of, record_of
from knowledge.markdown_pieces import pieces_of
from knowledge.types import Entry, EntryStatus, Source

MOST_ANSWER = 8_000
"""Characters of one entry: a longer section becomes several."""
_LONGEST_ID, _LONGEST_DOCUMENT_ID = 100, 60
_TITLED = 200  # characters of a document's title before the headings
_SHOWN_HEADING = 120
_OF_APPROVAL = frozenset({"id", "status", "reviewed_on", "review_by"})


@dataclass(frozen=True, slots=True)
class Drafted:
    """A section as the entry that is made of it. `key`: where it stands, the same for the same headings;
    `body`: SHA-256 (hex) of its text alone, by which it is known again under other headings."""

    key: str
    path: tuple[str, ...]
    page: int | None
    body: str
    entry: Entry


def document_id_of(name: str) -> str:
    """A slug of a document's name: the same at each import."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.removeprefix("https://").removeprefix("http://").casefold()).strip(
        "-"
    )
    if slug and len(slug) <= _LONGEST_DOCUMENT_ID and slug.replace("-", "") == _letters(name):
        return slug
    return f"{slug[:_LONGEST_DOCUMENT_ID].strip('-') or 'document'}-{_digest(name)[:8]}"


def drafts_of(document: Document) -> list[Drafted]:
    """A draft a section, in reading order. What no entry may hold (pictures alone) is left out."""
    drafted: list[Drafted] = []
    taken: dict[str, int] = {}
    for section in document.sections:
        for part, text in enumerate(_cut(section.text)):
            place = "\n".join((*section.path, str(part) if part else ""))
            taken[place] = taken.get(place, 0) + 1
            made = _drafted(document, section, text, part, taken[place])
            if made is not None:
                drafted.append(made)
    return drafted


def fingerprint(entry: Entry) -> str:
    """SHA-256 (hex) of what a curator may change, but for whether and when it was or shall be reviewed."""
    record = record_of(entry)
    kept = {name: value for name, value in record.items() if name not in _OF_APPROVAL}
    return _digest(json.dumps(kept, sort_keys=True, ensure_ascii=True))


def source_of(document: Document, page: int | None) -> Source:
    """Where a section stands: a file or a page of the web, and the page of a PDF."""
    at = f", page {page}" if page else ""
    named = document.title if document.url else document.name
    anchor = f"#page={page}" if document.url and page else ""
    return Source(named[: MAX_TITLE - len(at)] + at, document.url + anchor)


def _drafted(document: Document, section: Section, text: str, part: int, nth: int) -> Drafted | None:
    base = document_id_of(document.name)
    ordinal = f"-{nth}" if nth > 1 else ""
    heading = id_of(" ".join(section.path)) if section.path else "start"
    numbered = f"-part-{part + 1}" if part else ""
    key = f"{base}.{heading}"[: _LONGEST_ID - len(numbered) - len(ordinal)].rstrip("-.") + numbered + ordinal
    record = {
        "id": key,
        "question": _question(document, section, part),
        "answer": text,
        "topic": document.title[:MAX_TOPIC],
        "status": EntryStatus.DRAFT.value,
    }
    problems = Problems()
    entry = entry_of(record, problems)
    if problems:
        return None
    entry = replace(entry, sources=(source_of(document, section.page),))
    return Drafted(key, section.path, section.page, _digest(entry.answer), entry)


def _question(document: Document, section: Section, part: int) -> str:
    """The heading where it asks; else the document's title and the headings down to the section's own."""
    numbered = f" ({part + 1})" if part else ""
    if section.asks:
        return section.path[-1][: MAX_QUESTION - len(numbered)] + numbered
    title, path = document.title[:_TITLED], list(section.path)
    if path and path[0].casefold() == title.casefold():
        path = path[1:]
    while len(path) > 1 and sum(map(len, path)) > MAX_QUESTION - _TITLED - _SHOWN_HEADING:
        path = path[1:]
    headings = " › ".join(path)[: MAX_QUESTION - _TITLED - 20]
    return (f"{title}: {headings}" if headings else title) + numbered


def _cut(text: str) -> Iterator[str]:
    """The text, cut before a piece (paragraph, list, heading …) where it is too long for one entry. A piece
    that is too long itself is cut between lines."""
    if len(text) <= MOST_ANSWER:
        yield text
        return
    pieces = pieces_of(text)
    start = end = pieces[0].start if pieces else 0
    for at, piece in enumerate(pieces):
        opens_with = at and pieces[at - 1].level and start < pieces[at - 1].start
        if piece.end - start > MOST_ANSWER and end > start:
            cut = pieces[at - 1].start if opens_with else piece.start
            yield text[start:cut].strip("\n")
            start = cut
        end = piece.end
        while end - start > MOST_ANSWER:
            at_line = _break(text, start)
            yield text[start:at_line].strip("\n")
            start = at_line
    if text[start:end].strip():
        yield text[start:end].strip("\n")


def _break(text: str, start: int) -> int:
    """Where to cut what has no piece to cut before: after a line, a sentence, a word."""
    window = text[start : start + MOST_ANSWER]
    for sign in ("\n", ". ", " "):
        if (at := window.rfind(sign)) > MOST_ANSWER // 2:
            return start + at + len(sign)
    return start + MOST_ANSWER


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.removeprefix("https://").removeprefix("http://").casefold())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
