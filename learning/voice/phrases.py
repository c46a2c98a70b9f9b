"""The phrases that recur at the same place across conversations, whatever their words: with what the chatbot
opens a conversation, how it begins and ends answers, how it takes leave. Each with how often and where it was
heard, and why it is not said, where it is not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from knowledge.sentences import split_sentences
from learning.voice.house_talk import may_carry_fact, takes_side
from learning.voice.phrase_places import (
    Line,
    Use,
    endings,
    first_sentences,
    last_sentences,
    lines_of,
    openings,
    without_salutation,
)
from learning.voice.small_talk import KINDS, SmallTalk
from learning.voice.transcripts import Conversation
from pipeline.english.questions import asks
from pipeline.english.words import key_of
from pipeline.stages.composing.openers import is_worried, suffers
from pipeline.voice import Opener

RECURS = 2  # conversations
ALIKE = 90.0  # per cent of letters in common, in order, that make two wordings one phrase
LONGEST = 14  # words
HABIT = 0.5  # share of the answers
NEARLY_ALL = 0.75  # share of the conversations
SALUTATION, OPENER, HEDGE, CLOSING, SIGN_OFF = "salutation", "opener", "hedge", "closing", "sign-off"
FACT = "could carry a fact"
SIDE = "takes a side, and is never said before an answer"
UNCLEAR = "it is not clear what it answers"
_CARES = re.compile(
    r"\b(?:sorry|understand|worr|concern|afraid|scared|nervous|hear (?:you|that)"
    r"|sounds? (?:hard|difficult|tough)|leid|verstehe|sorge|siento|entiendo|preocup|désol|comprends|inqui"
    r"|dispiace|capisco|sinto|begrijp|spijt)",
    re.IGNORECASE,
)
_CAUTIONS = re.compile(r"general information|personal advice|situation|check with|may differ|own case", re.I)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase in its most frequent wording; `wordings` are all that were heard. `conversations` count from
    0. `withheld`: why it is not said; "" where it is."""

    text: str
    kind: str
    times: int
    conversations: tuple[int, ...]
    wordings: frozenset[str]
    withheld: str = ""

    @property
    def waits(self) -> bool:
        """Whether the owner may accept it."""
        return self.withheld in (FACT, UNCLEAR)


@dataclass(frozen=True, slots=True)
class Phrases:
    """All that recurs, heard most first. `greets` and `signs_off`: nearly every conversation begins, or ends,
    with a phrase that may be said; `closes_often`: so do most answers end."""

    heard: tuple[Phrase, ...] = ()
    greets: bool = False
    signs_off: bool = False
    closes_often: bool = False

    def said(self, kind: str) -> tuple[str, ...]:
        """The phrases of a kind that may be said."""
        return tuple(each.text for each in self.heard if each.kind == kind and not each.withheld)

    def wordings(self, *kinds: str) -> frozenset[str]:
        """Every wording of what may be said, of these kinds."""
        found = [each.wordings for each in self.heard if each.kind in kinds and not each.withheld]
        return frozenset().union(*found)

    @property
    def openers(self) -> Mapping[Opener, tuple[str, ...]]:
        """Openers by what they do."""
        return {kind: self.said(f"{OPENER}: {kind}") for kind in Opener}

    @property
    def said_first(self) -> frozenset[str]:
        """Every wording of an opener."""
        return self.wordings(*(f"{OPENER}: {kind}" for kind in Opener))


@dataclass(slots=True)
class _Group:
    """Uses of near-identical wording."""

    key: str
    uses: list[Use] = field(default_factory=list)

    @property
    def talks(self) -> tuple[int, ...]:
        return tuple(sorted({use.talk for use in self.uses}))

    @property
    def wordings(self) -> frozenset[str]:
        return frozenset(use.text for use in self.uses)

    @property
    def text(self) -> str:
        return Counter(use.text for use in self.uses).most_common(1)[0][0]


def learn_phrases(
    conversations: Sequence[Conversation],
    small_talk: SmallTalk | None = None,
    accepted: Iterable[str] = (),
) -> Phrases:
    """What recurs in the chatbot's lines. `accepted`: phrases that the owner lets be said though they could
    carry a fact. Without `small_talk` no reply to it is learned."""
    small_talk = small_talk or SmallTalk.of({}, conversations)
    heard = _Hearing(frozenset(map(key_of, accepted)))
    lines = list(lines_of(conversations, small_talk))
    first = list(first_sentences(lines))
    salutations = _salutations(first, lines)
    greetings = frozenset[str]().union(*(group.wordings for group in salutations))
    lines = [without_salutation(line, greetings) for line in lines]
    begins = _recurring(openings(lines))
    begun = frozenset[str]().union(*(group.wordings for group in begins))
    last = list(last_sentences(conversations))
    phrases = Phrases(
        (
            *heard.phrases(salutations, lambda group: SALUTATION),
            *heard.phrases(begins, _opener_kind),
            *heard.phrases(_recurring(endings(lines, begun)), _closing_kind),
            *heard.phrases(_recurring(last), lambda group: SIGN_OFF),
            *_replies(heard, lines),
        )
    )
    ends = list(endings(lines, begun))
    return replace(
        phrases,
        greets=_share(phrases.wordings(SALUTATION), first) >= NEARLY_ALL,
        signs_off=_share(phrases.wordings(SIGN_OFF), last) >= NEARLY_ALL,
        closes_often=_share(phrases.wordings(CLOSING), ends) >= HABIT,
    )


def reply_to(kind: str) -> str:
    """The kind of the phrases that are whole replies to this kind of small talk."""
    return f"reply to {kind}"


@dataclass(frozen=True, slots=True)
class _Hearing:
    accepted: frozenset[str]

    def phrases(self, groups: Iterable[_Group], kind_of: Callable[[_Group], str]) -> Iterator[Phrase]:
        for group in groups:
            kind, text = kind_of(group), group.text
            times = len(group.uses)
            yield Phrase(text, kind, times, group.talks, group.wordings, self._withheld(group, kind))

    def _withheld(self, group: _Group, kind: str) -> str:
        is_reply, is_opening = kind.startswith("reply"), kind == SALUTATION or kind.startswith(OPENER)
        sides = not is_reply and any(map(takes_side, group.wordings))
        if sides and is_opening:
            return SIDE
        if not self.accepted.isdisjoint(map(key_of, group.wordings)):
            return ""
        if sides or any(may_carry_fact(each) for text in group.wordings for each in split_sentences(text)):
            return FACT
        return UNCLEAR if kind == f"{OPENER}: {Opener.NEUTRAL}" and not _mostly(asks, group) else ""


def _recurring(uses: Iterable[Use], longest: int = LONGEST) -> list[_Group]:
    """The groups of uses in enough conversations, those with most uses first."""
    from rapidfuzz import fuzz

    groups: list[_Group] = []
    for use in uses:
        key = key_of(use.text)
        if not key or len(use.text.split()) > longest:
            continue
        group = next((each for each in groups if fuzz.ratio(each.key, key) >= ALIKE), None)
        if group is None:
            groups.append(group := _Group(key))
        group.uses.append(use)
    return sorted((each for each in groups if len(each.talks) >= RECURS), key=lambda each: -len(each.uses))


def _salutations(first: Sequence[Use], lines: Sequence[Line]) -> list[_Group]:
    """What recurs at the beginning of conversations, and not rather at that of later answers. Where nothing
    comes later, only what begins nearly all of them is told from an opener."""
    starts = Counter(key_of(line.sentences[0]) for line in lines)

    def greets(group: _Group) -> bool:
        if starts[group.key] >= 2 * len(group.uses) or _CARES.search(group.text) or takes_side(group.text):
            return False
        later = sum(line.talk in group.talks for line in lines) - len(group.uses)
        return later >= len(group.uses) or len(group.uses) >= NEARLY_ALL * len(first)

    return list(filter(greets, _recurring(first)))


def _replies(heard: _Hearing, lines: Sequence[Line]) -> Iterator[Phrase]:
    """Whole lines in answer to small talk."""
    for kind in KINDS:
        uses = [Use(" ".join(line.sentences), line.talk, line.before) for line in lines if line.kind == kind]
        yield from heard.phrases(_recurring(uses, longest=4 * LONGEST), _named(kind))


def _opener_kind(group: _Group) -> str:
    """By its words, and by what it answers."""
    cares = _CARES.search(group.text) or _mostly(lambda said: is_worried(said) or suffers(said), group)
    return f"{OPENER}: {Opener.EMPATHY if cares else Opener.NEUTRAL}"


def _closing_kind(group: _Group) -> str:
    return HEDGE if _CAUTIONS.search(group.text) else CLOSING


def _named(kind: str) -> Callable[[_Group], str]:
    return lambda group: reply_to(kind)


def _mostly(holds: Callable[[str], bool], group: _Group) -> bool:
    return 2 * sum(holds(use.before) for use in group.uses) >= len(group.uses)


def _share(wordings: frozenset[str], uses: Sequence[Use]) -> float:
    return sum(use.text in wordings for use in uses) / len(uses) if uses else 0.0
