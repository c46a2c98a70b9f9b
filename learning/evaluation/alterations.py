"""Unfaithful and faithful variations of a sentence, to measure the grounding check with.

Its opposites and synonyms overlap with `pipeline.english.lexicon`: they show that the rules work. `SWAPS` and
the invented tails are kept out of it, to show what happens with words that no list has."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

AUXILIARY = re.compile(r"\b(is|are|was|were|can|does|do|will|has|have|should|may|could)\b(?! not|n't)")
NEGATION = re.compile(r"\b(?:not|never)\s|n['’]t\b", re.IGNORECASE)
NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w&-]+|mRNA)(?: [A-Z][\w&-]+)*")
NUMBER = re.compile(
    r"\b\d[\d,.]*\d|\b\d\b|\b(?:two|three|four|five|six|seven|eight|ten|twelve|hundred|thousand)\b"
)
OPPOSITES = {
    "safe": "risky", "effective": "useless", "increase": "decrease", "increases": "reduces",
    "higher": "lower", "reduce": "raise", "reduces": "raises", "more": "less", "before": "after",
    "after": "before", "common": "rare", "rare": "frequent", "mild": "severe", "severe": "mild",
    "protect": "endanger", "protects": "endangers", "prevent": "cause", "prevents": "causes",
    "cause": "prevent", "short": "long", "strong": "weak", "stronger": "weaker",
    "recommended": "discouraged", "approved": "rejected", "healthy": "sick", "small": "huge", "good": "bad",
    "better": "worse", "best": "worst", "free": "expensive", "helps": "hinders", "help": "hinder",
    "low": "high", "high": "low", "safely": "dangerously", "start": "stop", "older": "younger",
    "adults": "infants", "children": "adults", "women": "men", "quickly": "slowly", "outside": "inside",
    "dead": "live", "weakened": "strengthened", "early": "late", "less": "more", "lower": "higher",
    "fewer": "more", "usually": "never", "strengthen": "weaken",
}  # fmt: skip
LIMITS = {
    "may": "will", "might": "will", "some": "all", "many": "all", "most": "all", "often": "always",
    "usually": "always", "sometimes": "always", "rarely": "often", "can": "always", "few": "most",
    "could": "must", "almost": "completely", "likely": "certainly", "generally": "always",
}  # fmt: skip
DROPPED_LIMITS = re.compile(r"\b(?:may|might|usually|often|sometimes|rarely|generally|probably|very rarely) ")
DROPPED_CONDITION = re.compile(
    r",? \(?(?:except|unless|but not|only (?:if|for|when|in|after)|if|provided|until|as long as)\b[^,;:.()]*"
    r"\)?(?=[.,;)]|$)",
    re.IGNORECASE,
)
SWAPS = {
    "major": "minor", "clear": "blurred", "visible": "hidden", "rises": "sinks", "shrinks": "grows",
    "kill": "revive", "warm": "cold", "public": "private", "simple": "complicated",
    "different": "identical", "removed": "added", "remember": "forget", "contain": "lack",
    "contains": "lacks", "deep": "shallow", "thin": "thick", "found": "missed", "spread": "vanish",
    "new": "ancient", "natural": "artificial", "local": "global", "doctors": "lawyers",
    "parents": "teachers", "arm": "leg", "heart": "liver", "days": "years", "weeks": "decades",
    "virus": "bacterium", "lungs": "kidneys", "blood": "saliva", "brain": "spleen",
}  # fmt: skip
TAILS = (
    "and it cures diabetes as well",
    "because it contains traces of gold",
    "so masks are no longer needed by anyone",
    "and it works just as well against influenza and measles",
    "which was confirmed by a court last spring",
    "and the effect lasts for a lifetime",
    "and doctors receive a bonus for each one",
    "although the government keeps this secret",
    "and side effects are limited to the elderly",
    "so a blood test beforehand is required",
    "but only if you take vitamin C every morning",
    "as long as you avoid alcohol for a month",
    "which makes it the most effective product ever sold",
    "and parents must sign a form at the town hall",
    "except in people with red hair",
    "because the virus was made in a laboratory",
)
NAMES = ("Moderna", "Germany", "AstraZeneca", "the European Union", "Ebola", "Johnson", "the FBI", "Brazil")
SYNONYMS = {
    "important": "essential", "people": "individuals", "shot": "jab", "quickly": "rapidly",
    "begin": "start", "illness": "sickness", "get": "receive", "protects": "shields", "helps": "assists",
    "shows": "demonstrates", "serious": "grave", "usually": "typically", "about": "roughly", "child": "kid",
    "children": "kids", "doctor": "physician", "large": "big", "need": "require", "ask": "talk to",
    "tested": "examined",
}  # fmt: skip
OPENING = re.compile(r"^(?:However|Also|In addition|In fact|Instead|Still|For example|So|But|And|Yes|No),? ")


def alterations(sentence: str, names: Sequence[str], rng: random.Random) -> Iterator[tuple[str, str]]:
    """(kind, unfaithful sentence) for each way in which this sentence can be altered."""
    number = NUMBER.search(sentence)
    if number:
        yield "number", _swap(sentence, number, rng.choice(["17", "40", "9", "250", "3.7"]))
    name = NAME.search(sentence)
    if name:
        pool = [*NAMES, *(other for other in names if other.strip(".,") not in sentence)]
        yield "name", _swap(sentence, name, rng.choice(pool).strip(".,"))
    yield from _negated(sentence)
    yield from (("opposite", text) for text in _replaced(sentence, OPPOSITES))
    yield from (("swap", text) for text in _replaced(sentence, SWAPS))
    yield from (("limit", text) for text in _replaced(sentence, LIMITS))
    limit = DROPPED_LIMITS.search(sentence)
    if limit:
        yield "limit", _swap(sentence, limit, "")
    condition = DROPPED_CONDITION.search(sentence)
    if condition and len(condition.group().split()) > 2 and condition.start() > 15:
        yield "condition", _swap(sentence, condition, "")
    yield "tail", f"{sentence.rstrip('.!? ')}, {rng.choice(TAILS)}."


def rewordings(sentence: str) -> Iterator[str]:
    """Faithful ways of saying the same: contractions, synonyms, a dropped opening, clauses swapped."""
    opened = OPENING.sub("", sentence)
    if opened != sentence and len(opened.split()) > 3:
        yield opened[0].upper() + opened[1:]
    spelled = re.sub(r"\b(do|does|is|are|was|were|has|have|did) not\b", r"\1n't", sentence)
    if spelled != sentence:
        yield spelled
    yield from list(_replaced(sentence, SYNONYMS))[:2]
    swapped = re.match(r"(When|If|Because|After|While|Once) ([^,]+), ([^,]+)\.$", sentence)
    if swapped:
        yield f"{swapped[3][0].upper()}{swapped[3][1:]} {swapped[1].lower()} {swapped[2]}."
    parts = re.split(r", (?=and |so |which )|; ", sentence)
    if len(parts) > 1 and len(parts[0].split()) > 4 and not OPENING.match(sentence):
        yield parts[0].rstrip(".") + "."


def _negated(sentence: str) -> Iterator[tuple[str, str]]:
    negation = NEGATION.search(sentence)
    auxiliary = AUXILIARY.search(sentence)
    if negation:
        yield "negation", re.sub(r"\b(?:ca|wo)$", "can", _swap(sentence, negation, "").strip())
    elif auxiliary:
        yield "negation", _swap(sentence, auxiliary, f"{auxiliary.group()} not")


def _replaced(sentence: str, table: dict[str, str]) -> Iterator[str]:
    for word, other in table.items():
        match = re.search(rf"(?<![-\w]){word}(?![-\w])", sentence)
        if match:
            yield _swap(sentence, match, other)


def _swap(sentence: str, match: re.Match[str], replacement: str) -> str:
    return sentence[: match.start()] + replacement + sentence[match.end() :]
