"""Words that give way to others without a change of what is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from learning.synthesis.wording.grammar import AUXILIARIES, QUESTION_WORDS, parse
from pipeline.english.lexicon import BE


@dataclass(frozen=True, slots=True)
class WordGroups:
    """Of `interchangeable`, the first of a group gives way to any of the others. Of `opposites` too, but only
    where "is it safe?" and "is it dangerous?" have the same answer: in a yes-no question that says it of its
    subject."""

    interchangeable: tuple[tuple[str, ...], ...]
    opposites: tuple[tuple[str, ...], ...] = ()

    def reworded(self, text: str, rng: Random, most: int) -> str:
        """The text with up to `most` of its words given way to others, each where it first stands."""
        groups = [*self._fitting(text)]
        for group in rng.sample(groups, min(len(groups), rng.randint(0, most))):
            if group in self.opposites and group not in self._fitting(text):
                continue  # another opposite stands there now
            other = rng.choice(group[1:])
            text = _whole(group[0]).sub(lambda found: _as_cased(other, found.group()), text, count=1)  # noqa: B023
        return text

    def _fitting(self, text: str) -> Iterator[tuple[str, ...]]:
        yield from (group for group in self.interchangeable if _whole(group[0]).search(text))
        asked = _asked_of_subject(text)
        yield from (group for group in self.opposites if group[0] == asked)


def _asked_of_subject(text: str) -> str:
    """The word that "is it ...?" asks about, lower case; empty for any other text, and where the subject
    already has the word or something denies it."""
    clause = parse(text)
    if clause is None or clause.asks or clause.auxiliary.lower() not in BE:
        return ""
    word = re.match(r"\w*", clause.predicate.lower())
    asked = word.group() if word else ""
    return "" if _whole(asked).search(f"{clause.preface} {clause.subject}") else asked


def _whole(phrase: str) -> re.Pattern[str]:
    """The phrase as whole words; one that begins a question only where a question may begin: "can I", not in
    "how can I"."""
    begins = r"(?:^|(?<=[.,?!:] ))" if phrase.partition(" ")[0] in AUXILIARIES | QUESTION_WORDS else ""
    return re.compile(rf"{begins}(?<![\w'’-]){re.escape(phrase)}(?![\w'’-])", re.IGNORECASE)


def _as_cased(text: str, like: str) -> str:
    return text[:1].upper() + text[1:] if like[:1].isupper() else text
