"""Whether a message asks, and whether what it asks is an entry's own question."""

from __future__ import annotations

import re

from knowledge.types import Entry
from pipeline.english.language import read
from pipeline.english.lexicon import AUXILIARIES, DO, MODALS

_FILLER = r"^\W*(?:(?:so|and|but|well|hi|hey|hello|ok|okay|please|um|wait|then|or|also|now)\b\W*)*"
_AUXILIARY = rf"(?:{'|'.join((*sorted(AUXILIARIES), 'ca', 'wo', 'ai'))})(?:n['’]?t)?"
_YES_NO = re.compile(rf"{_FILLER}(?:{_AUXILIARY}|any)\b", re.IGNORECASE)
_OPEN = re.compile(
    rf"{_FILLER}(?:what|which|who|whom|whose|when|where|why|how|tell me|explain|describe)\b", re.IGNORECASE
)
_ORDERED = re.compile(
    rf"{_FILLER}(?:(?:what|which|how)(?: [^\W_]+){{0,2}} |(?:who|where|when|why) )?{_AUXILIARY} [^\W_]+",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    rf"\b(?:{'|'.join(sorted(DO | MODALS))}) (?:i|we|you|they|he|she|it|this|that)\b",
    re.IGNORECASE,
)
_BEGINNING = re.compile(_FILLER, re.IGNORECASE)
_ARTICLES = frozenset(("a", "an", "the"))
_CLAUSE = re.compile(r"[,;:–—] ?")


def asks(text: str) -> bool:
    """Also without a question mark, and after an opening clause: "i am 70, can i have it"."""
    return "?" in text or bool(_INVERTED.search(text)) or any(map(opens_question, _CLAUSE.split(text)))


def is_question(text: str) -> bool:
    """Whether a clause has the order of a question: "when are you open", not "when I come"."""
    return bool(_ORDERED.match(text))


def opens_question(text: str) -> bool:
    """Whether a clause begins as a question does."""
    return bool(_YES_NO.match(text) or _OPEN.match(text))


def asks_its_question(message: str, entry: Entry) -> bool:
    """Whether a message asks what the entry's own question, or one of its alternates, asks: the same words in
    the same order, but for articles and what a message begins with. A word more or less, or in another place,
    may turn the sense of a "Yes"."""
    said = _meant(message)
    return asks(message) and any(said == _meant(text) for text in (entry.question, *entry.alternates))


def _meant(text: str) -> tuple[tuple[str, bool], ...]:
    words = read(_BEGINNING.sub("", text))
    return tuple((word.stem, word.opposite) for word in words if word.text.lower() not in _ARTICLES)
