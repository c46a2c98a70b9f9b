"""Claims made from curated sentences: restated ones that still hold, and altered ones that no longer do.

What an alteration puts in comes from other sentences of the same texts (their numbers, names, words and
clauses), so that it reads like the knowledge base and no list of words decides what a model learns."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pipeline.stages.lexicon import FUNCTION_WORDS, GROUPS, OPPOSITES, SYNONYMS

NUMBER = re.compile(
    r"\b\d[\d,.]*\d\b|\b\d\b|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|hundred|thousand)\b"
)
NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w&-]+)(?: [A-Z][\w&-]+)*")
CLAUSE = re.compile(
    r",? (?:and|but|so|because|while|which|although|unless|until|as long as|if|when|after|before) "
)
AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|does|do|will|would|has|have|had|should|may|might|must)\b(?! not|n['’]t)",
    re.IGNORECASE,
)
NEGATION = re.compile(r"\b(?:not|never) |n['’]t\b| no longer\b", re.IGNORECASE)
CONDITION = re.compile(
    r",? (?:except|unless|only (?:if|for|when|in|after)|if|provided|until|as long as|but not)\b[^,;:.]*",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?:usually|often|sometimes|rarely|generally|probably|mostly|mainly|almost|about|only) ", re.IGNORECASE
)
STRONGER = {
    "may": "will", "might": "will", "could": "will", "can": "always", "some": "all", "many": "all",
    "most": "all", "few": "most", "often": "always", "usually": "always", "sometimes": "always",
    "rarely": "often", "should": "must", "likely": "certain", "possible": "certain",
}  # fmt: skip
OPENING = re.compile(
    r"^(?:However|Also|In addition|In fact|Instead|Still|For example|For instance|So|But|And|Yes|No"
    r"|Therefore|Moreover|Then|Generally|Usually)[,:]? +"
)
SPELLED = re.compile(r"\b(do|does|did|is|are|was|were|has|have|had|should|would|could) not\b")
FRONTED = re.compile(
    r"^(When|If|Because|After|While|Once|Before|Although|Unless) ([^,]{10,}), ([^,]{10,})[.]$"
)
WORD = re.compile(r"\b[a-z]{4,}\b")
ENDINGS = ("ing", "ed", "ly", "tion", "ment", "ness", "able", "ive", "al", "ous", "er", "s")
_WORDS_A_CLAUSE = (3, 12)


@dataclass(frozen=True, slots=True)
class Pool:
    """What the sentences of a corpus lend to each other."""

    numbers: tuple[str, ...]
    names: tuple[str, ...]
    clauses: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, sentences: Iterable[str]) -> Pool:
        """Numbers, names, trailing clauses (with their comma), and lower-case words by their ending."""
        numbers, names, clauses = set[str](), set[str](), set[str]()
        words: dict[str, set[str]] = defaultdict(set)
        for sentence in sentences:
            numbers |= set(NUMBER.findall(sentence))
            names |= set(NAME.findall(sentence))
            clauses |= set(_clauses(sentence))
            for word in WORD.findall(sentence):
                words[_ending(word)].add(word)
        return cls(
            tuple(sorted(numbers)),
            tuple(sorted(names)),
            tuple(sorted(clauses)),
            {ending: tuple(sorted(group)) for ending, group in words.items()},
        )


def altered(sentence: str, pool: Pool, rng: random.Random) -> Iterator[tuple[str, str]]:
    """(kind, claim that the sentence does not bear out) for every way in which it can be altered."""
    yield from _replaced_one("number", NUMBER, sentence, pool.numbers, rng)
    yield from _replaced_one("name", NAME, sentence, pool.names, rng)
    yield from _negated(sentence, rng)
    yield from _exchanged("opposite", sentence, opposites(), rng)
    yield from _exchanged("limit", sentence, {word: (other,) for word, other in STRONGER.items()}, rng)
    if hedge := HEDGE.search(sentence):
        yield "limit", _swap(sentence, hedge, "")
    condition = CONDITION.search(sentence)
    if condition and len(condition.group().split()) > 2 and condition.start() > 20:
        yield "condition", _swap(sentence, condition, "")
    yield from _other_word(sentence, pool, rng)
    if pool.clauses:
        yield "tail", sentence.rstrip(".!? ") + rng.choice(pool.clauses) + "."


def restated(sentence: str, rng: random.Random) -> Iterator[str]:
    """Ways of saying the same, or a part of it that holds alone."""
    opened = OPENING.sub("", sentence)
    opened = opened[:1].upper() + opened[1:]
    if opened != sentence and len(opened.split()) > 3:
        yield opened
    if spelled := SPELLED.search(sentence):
        yield _swap(sentence, spelled, f"{spelled[1]}n't")
    yield from (text for _, text in _exchanged("synonym", opened, synonyms(), rng))
    if fronted := FRONTED.match(opened):
        yield f"{fronted[3][0].upper()}{fronted[3][1:]} {fronted[1].lower()} {fronted[2]}."
    parts = re.split(r", (?=and |so |which )|; ", opened)
    if len(parts) > 1 and len(parts[0].split()) > 4:
        yield parts[0].rstrip(".") + "."
    whole = re.sub(r" \([^)]*\)", "", opened)
    if whole != opened:
        yield whole


@cache
def opposites() -> Mapping[str, tuple[str, ...]]:
    """Words by the words that turn them round."""
    found: dict[str, tuple[str, ...]] = {}
    for table in (OPPOSITES, GROUPS):
        for line in table.strip().splitlines():
            one, other = (tuple(side.split()) for side in line.split(":"))
            found |= dict.fromkeys(one, other) | dict.fromkeys(other, one)
    return found


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Words by the words that mean the same."""
    groups = [line.split() for line in SYNONYMS.strip().splitlines()]
    return {word: tuple(other for other in group if other != word) for group in groups for word in group}


def _clauses(sentence: str) -> Iterator[str]:
    """What follows the last conjunction, with a comma before it, where that is neither short nor long."""
    joints = list(CLAUSE.finditer(sentence))
    if joints:
        clause = sentence[joints[-1].start() :].strip(" ,.!?")
        least, most = _WORDS_A_CLAUSE
        if least < len(clause.split()) <= most:
            yield f", {clause}"


def _ending(word: str) -> str:
    return next((ending for ending in ENDINGS if word.endswith(ending)), "")


def _replaced_one(
    kind: str, pattern: re.Pattern[str], sentence: str, others: Sequence[str], rng: random.Random
) -> Iterator[tuple[str, str]]:
    found = list(pattern.finditer(sentence))
    fresh = [other for other in others if other not in sentence]
    if found and fresh:
        yield kind, _swap(sentence, rng.choice(found), rng.choice(fresh))


def _negated(sentence: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    negation, auxiliaries = NEGATION.search(sentence), list(AUXILIARY.finditer(sentence))
    if negation:
        before = re.sub(r"\b(?:ca|wo)$", "can", sentence[: negation.start()])
        yield "negation", f"{before.rstrip()} {sentence[negation.end() :].lstrip()}"
    elif auxiliaries:
        chosen = rng.choice(auxiliaries)
        yield "negation", _swap(sentence, chosen, f"{chosen.group()} not")


def _exchanged(
    kind: str, sentence: str, table: Mapping[str, tuple[str, ...]], rng: random.Random
) -> Iterator[tuple[str, str]]:
    """One word of the sentence put for one that the table has for it, its plural or third person too."""
    found: list[tuple[re.Match[str], str]] = []
    for match in re.finditer(r"\b[a-z]+\b", sentence):
        word = match.group()
        if word in table:
            found.append((match, rng.choice(table[word])))
        elif word.endswith("s") and word[:-1] in table:
            found.append((match, f"{rng.choice(table[word[:-1]])}s"))
    if found:
        yield kind, _swap(sentence, *rng.choice(found))


def _other_word(sentence: str, pool: Pool, rng: random.Random) -> Iterator[tuple[str, str]]:
    """A content word put for another of the same ending, which is mostly of the same part of speech."""
    words = [match for match in WORD.finditer(sentence) if match.group() not in FUNCTION_WORDS]
    if words:
        chosen = rng.choice(words)
        others = [word for word in pool.words.get(_ending(chosen.group()), ()) if word not in sentence]
        if others:
            yield "word", _swap(sentence, chosen, rng.choice(others))


def _swap(sentence: str, match: re.Match[str], replacement: str) -> str:
    return sentence[: match.start()] + replacement + sentence[match.end() :]
