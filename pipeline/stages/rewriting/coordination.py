"""A question asked of two things at once: "what do a boat and a bike cost?" asks what each of them costs.

There is no parser. What "and" or "or" joins is read in the few ways that its words allow, and the knowledge
base says which of them are questions: those that lead to an entry best."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.types import Entry, Hit
from pipeline.english.language import canonical
from pipeline.english.lexicon import FUNCTION_WORDS
from pipeline.english.words import TERM
from pipeline.ports import Retrieval
from pipeline.stages.rewriting.context_dependence import subject
from pipeline.turn import Evidence, SearchQuery
from pipeline.types import Question

_JOINED = re.compile(r"(?<=\w)\s+(?:and|or|&)\s+(?=\w)", re.IGNORECASE)
_MOST_WORDS = 25  # of a message; who writes more tells a story
_DETERMINERS = frozenset("a an the my our your his her their this these any some".split())
_LONGEST = 3  # words of each that are joined, beside the article before them


@dataclass(frozen=True, slots=True)
class Coordination:
    """The two questions of a message that asks the same of two things, and the words that only each has."""

    questions: tuple[str, str]
    own: tuple[frozenset[str], frozenset[str]]

    def is_half_answered(self, found: Sequence[tuple[str, Evidence]]) -> bool:
        """Whether just one of the questions has an answer, and this says nothing of what the other one asks
        about."""
        answers = [evidence.accepted[0].hit.entry for _, evidence in found if evidence]
        places = [self.questions.index(text) for text, evidence in found if not evidence]
        if not len(answers) == len(places) == 1:
            return False
        (answer,), (place,) = answers, places
        return self.own[place].isdisjoint(_roots("\n".join((_asked(answer), answer.answer))))


class Coordinations:
    """Reads a message as two questions where the one entry that is found for it does not ask about both."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval

    async def __call__(self, question: Question) -> Coordination | None:
        """None where a message joins nothing, or two words for one thing. Raises as retrieval does."""
        text = question.text
        joint = _JOINED.search(text)
        if joint is None or len(text.split()) > _MOST_WORDS or len(_JOINED.findall(text)) > 1:
            return None
        ones = [f"{text[: joint.start()]}{text[end:]}" for end in _ends(text, joint.end())]
        starts = _starts(text[: joint.start()], text[joint.end() :])
        others = [f"{text[:start]}{text[joint.end() :]}" for start in starts]
        if not ones or not others:
            return None
        one, found = max([(each, await self._best(question, each)) for each in ones], key=_score)
        tried = [(each, await self._best(question, each)) for each in others]
        leading = [each for each in tried if each[1] and found and each[1].entry != found.entry]
        as_long = others[min(ones.index(one), len(others) - 1)]
        other = max(leading, key=_score)[0] if leading else as_long
        own = _roots(one) - _roots(other), _roots(other) - _roots(one)
        if not all(own) or await self._is_one_question(question, own[0] | own[1]):
            return None
        return Coordination((one, other), own)

    async def _best(self, question: Question, text: str) -> Hit | None:
        query = SearchQuery(text, context=question.context)
        return next(iter((await self._retrieval(query)).hits), None)

    async def _is_one_question(self, question: Question, words: frozenset[str]) -> bool:
        hit = await self._best(question, question.text)
        return hit is None or words <= _roots(_asked(hit.entry))


def _score(read: tuple[str, Hit | None]) -> float:
    return read[1].score if read[1] else 0.0


def _ends(text: str, start: int) -> list[int]:
    """Where the second of two joined things may end: behind each of the naming words that it begins with."""
    words = _words(text, start)
    return [end for end, _ in _run(words)]


def _starts(before: str, behind: str) -> list[int]:
    """Where the first one may begin, nearest first: at the article that it has where the second has one,
    else at each of its naming words."""
    first = TERM.search(behind)
    article = first.group().lower() if first and first.group().lower() in FUNCTION_WORDS else ""
    words = [(match.start(), match.group().lower()) for match in TERM.finditer(before)]
    found: list[int] = []
    for start, word in reversed(words[1:]):
        if word in FUNCTION_WORDS:
            if not article:
                return found
            return [start] if found and (word == article or {word, article} <= _DETERMINERS) else []
        found.append(start)
        if len(found) == _LONGEST:
            break
    return [] if article else found


def _words(text: str, start: int) -> Iterator[tuple[int, str]]:
    return ((match.end(), match.group().lower()) for match in TERM.finditer(text, start))


def _run(words: Iterator[tuple[int, str]]) -> Sequence[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for place, (end, word) in enumerate(words):
        if word in FUNCTION_WORDS:
            if place:
                break
            continue
        found.append((end, word))
        if len(found) == _LONGEST:
            break
    return found


def _asked(entry: Entry) -> str:
    return "\n".join((entry.question, *entry.alternates))


def _roots(text: str) -> frozenset[str]:
    return frozenset(canonical(word)[0] for word in TERM.findall(text.lower()) if subject(word))
