"""The particulars of a sentence that may never be invented: quantities with their units, and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.english.language import plain, stem
from pipeline.english.lexicon import FUNCTION_WORDS, MAGNITUDES, NUMBER_WORDS, UNITS
from pipeline.english.words import TERM

TOKEN = re.compile(r"[^\W\d_]+-\d+\b|\d+(?:,\d{3})*(?:\.\d+)?|[^\W\d_]+|[%$€£]|[-–/,;:.!?()]")
ORDINAL_ENDING = frozenset({"st", "nd", "rd", "th"})
SENTENCE_OPENING = re.compile(r"(?:^|[.!?:;\"“”‘]\s*|\n)$")
UNIT_OF = {stem(name): names.split()[0] for names in UNITS for name in names.split()} | {"%": "percent"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as a plain decimal, and the unit it counts ("" where none is recognised)."""

    number: float
    unit: str

    def stated_by(self, others: Iterable[Quantity]) -> bool:
        """Whether one of `others` says the same; a missing unit on either side does not contradict."""
        return any(
            self.number == other.number and (self.unit == other.unit or not (self.unit and other.unit))
            for other in others
        )


def quantities(text: str) -> list[Quantity]:
    """Every number of a text, in digits or in words, as `Quantity`: "two per cent" and "2 %" are equal."""
    tokens = TOKEN.findall(re.sub(r"per\s+cent\b", "percent", plain(text), flags=re.IGNORECASE))
    found: list[Quantity] = []
    position = 0
    while position < len(tokens):
        number, after = _number(tokens, position)
        if number is None:
            position += 1
            continue
        unit = _unit(tokens, after)
        if unit or tokens[position].lower() not in {"one", "a", "an"}:
            found.append(Quantity(number, unit))
        position = after
    return found


def _number(tokens: list[str], position: int) -> tuple[float | None, int]:
    """The number that starts at `position`, and where it ends: "2", "1.5 million", "twenty five"."""
    total: float | None = None
    while position < len(tokens):
        word = tokens[position].lower()
        if word[0].isdigit() and total is None:
            total = float(word.replace(",", ""))
        elif word in NUMBER_WORDS and (total is None or _adds_unit(total, word, tokens[position - 1])):
            total = (total or 0) + NUMBER_WORDS[word]
        elif word in MAGNITUDES:
            total = (1 if total is None else total) * MAGNITUDES[word]
        elif not (word == "-" and total is not None and _continues(tokens, position)):
            break
        position += 1
    return total, position


def _adds_unit(total: float, word: str, before: str) -> bool:
    """Whether a number word goes on with the one before it: "twenty five", not "1989, four"."""
    return total >= 20 and NUMBER_WORDS[word] < 10 and (before.isalpha() or before == "-")


def _continues(tokens: list[str], position: int) -> bool:
    """Whether a hyphen stands inside a written number, as in "twenty-five"."""
    return position + 1 < len(tokens) and tokens[position + 1].lower() in NUMBER_WORDS | MAGNITUDES


def _unit(tokens: list[str], position: int) -> str:
    """The unit after a number, at most two words on: "2 doses", "12-year-old", "two more weeks"."""
    following = [piece.lower() for piece in tokens[position : position + 3] if piece not in "-–/"]
    if following and following[0] in ORDINAL_ENDING:
        return "th"
    for word in following[:2]:
        if not word.isalpha() or word in NUMBER_WORDS:
            return UNIT_OF.get(word, "")
        if stem(word) in UNIT_OF:
            return UNIT_OF[stem(word)]
    return ""


def names(text: str) -> list[str]:
    """Proper names, acronyms and mixed words such as mRNA, as written. The first word of a sentence is
    taken for a name only where its spelling shows it."""
    text = plain(text)
    if text.isupper():
        return []
    return [match.group() for match in TERM.finditer(text) if _is_name(match.group(), text[: match.start()])]


def _is_name(word: str, before: str) -> bool:
    emphasis = word.lower() in FUNCTION_WORDS and word not in ("US", "May")
    if len(word) < 2 or word[0].isdigit() or emphasis or word.startswith(("I'", "I’")):
        return False
    if any(letter.isupper() for letter in word[1:]) or any(letter.isdigit() for letter in word):
        return True
    return word[0].isupper() and not SENTENCE_OPENING.search(before)


class NameBook:
    """The words of some evidence, asked whether a name is among them."""

    def __init__(self, text: str) -> None:
        self._words = {form for match in TERM.finditer(plain(text)) for form in _forms(match.group())}
        self._initials = set(_initials(plain(text)))

    def knows(self, name: str) -> bool:
        """Said in the evidence in any case, in its possessive, as a part of a compound ("COVID" of
        "COVID-19") or as the initials of a name written out."""
        lower = name.lower()
        return (
            any(form in self._words for form in (lower, stem(lower)))
            or lower in self._initials
            or all(part in self._words or stem(part) in self._words for part in re.split(r"[-&.]", lower))
        )


def _forms(word: str) -> Iterator[str]:
    lower = word.lower()
    yield lower
    yield stem(lower)
    for part in re.split(r"[-.&]", lower):
        yield part
        yield stem(part)


def _initials(text: str) -> Iterator[str]:
    """Initials of each run of capitalised words, small words between them skipped: "cdc"."""
    run: list[str] = []
    for match in TERM.finditer(text):
        word = match.group()
        if word[0].isupper():
            run.append(word[0].lower())
            yield from ("".join(run[start:]) for start in range(len(run) - 1))
        elif word not in FUNCTION_WORDS:
            run.clear()
