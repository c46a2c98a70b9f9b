"""Passages of pages as a draft: the nearest to a question, quoted, with their addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.documents.types import Document
from knowledge.importing.records import MAX_TITLE
from knowledge.index.lexical import LexicalIndex
from knowledge.index.passages import passages_of
from knowledge.types import Entry, FloatArray, Source, View
from pipeline.english.language import content_words, stem

MOST_QUOTED = 3
_OF_A_PAGE = 2
_COMPARED = 200  # passages that are embedded: those that share most words with the question
NEAR, NEAR_ALONE = 0.4, 0.55
"""Least cosine to the question of a passage that shares a word with it, and of one that shares none. Of
questions of four knowledge bases, nine in ten have a passage of their answer at .42; nine in ten have none of
another knowledge base above .55."""


@dataclass(frozen=True, slots=True)
class Quote:
    text: str
    source: Source
    cosine: float


def quotes_for(
    question: str, documents: Sequence[Document], encode: Callable[[Sequence[str]], FloatArray]
) -> list[Quote]:
    """The nearest passages, best first; none where no page has one that is near. Blocks; raises what the
    encoder raises."""
    there = list(_passages(documents))
    if not there:
        return []
    scores = LexicalIndex.build([heading_and_text for heading_and_text, _, _ in there]).scores(question)
    nearest = [there[int(place)] for place in np.argsort(-scores, kind="stable")[:_COMPARED]]
    vectors = encode([question, *(heading_and_text for heading_and_text, _, _ in nearest)])
    cosines = vectors[1:] @ vectors[0]
    asked = _stems(question)
    quotes: list[Quote] = []
    for place in np.argsort(-cosines, kind="stable"):
        _, text, source = nearest[int(place)]
        if cosines[place] < NEAR or len(quotes) == MOST_QUOTED:
            break
        shares = bool(asked & _stems(nearest[int(place)][0])) or cosines[place] >= NEAR_ALONE
        known = any(text == each.text for each in quotes)
        if shares and not known and sum(each.source == source for each in quotes) < _OF_A_PAGE:
            quotes.append(Quote(text, source, float(cosines[place])))
    return quotes


def answer_of(quotes: Sequence[Quote]) -> str:
    """The passages as quotations, each with where it stands: for a curator to make an answer of."""
    return "\n\n".join(f"{_quoted(each.text)}\n\n[{_label(each)}]({each.source.url})" for each in quotes)


def sources_of(quotes: Sequence[Quote]) -> tuple[Source, ...]:
    """The pages, each once."""
    return tuple(dict.fromkeys(each.source for each in quotes))


def _passages(documents: Sequence[Document]) -> Iterator[tuple[str, str, Source]]:
    """Each with its headings, bare, and where it is from."""
    for document in documents:
        source = Source(document.title[:MAX_TITLE], document.url)
        for section in document.sections:
            heading = " ".join(section.path[-2:]) or document.title
            for passage in passages_of(Entry("page", heading, section.text)):
                if passage.view is View.CHUNK and passage.text.strip():
                    yield f"{heading} {passage.text}", passage.text.strip(), source


def _stems(text: str) -> set[str]:
    return {stem(word.text.lower()) for word in content_words(text)}


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _label(quote: Quote) -> str:
    return quote.source.title.replace("[", "(").replace("]", ")")
