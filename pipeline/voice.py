"""The house voice: whole replies that need no evidence, and phrases that may stand beside a checked claim."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from zlib import crc32

from knowledge.sentences import split_sentences
from knowledge.types import Entry, Snapshot
from pipeline.english.words import key_of
from pipeline.types import Exemplar as Exemplar
from pipeline.types import Message, Outcome, Role

REQUIRED = (
    *("small_talk.capabilities", "off_topic", "no_answer", "clarify", "declined", "crisis", "emergency"),
    *("choice", "names_question", "part_unanswered", "more_questions", "shortened", "asks_for_whole"),
)
TOPICS, QUESTION, URL, LANGUAGE, FACT = "{topics}", "{question}", "{url}", "{language}", "{fact}"
DATE, SOURCE = "{date}", "{source}"
_REMEMBERED = ("You told me that {fact}.",)  # where an owner's own replies lack it
ALARMS = ("crisis", "emergency")
_OFTEN = 2
NAMED_TOPICS = 3  # more would be a list to read, not a sentence


class Opener(StrEnum):
    """What the first phrase of an answer does. None takes a side: that is left to the entry's own words."""

    EMPATHY = "empathy"  # the user is worried, or something happened to them
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class StyleCard:
    """How the house talks: `traits`, one plain English sentence each ("Speaks to the user as you."), and
    exchanges of the transcripts to take after, without their facts (`stages.composing.style_mask` finds the
    nearest). `opens`: the share of
    answers that begin with a phrase of the house."""

    traits: tuple[str, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    opens: float = 0.0


@dataclass(frozen=True, slots=True)
class HouseVoice:
    """Phrases by what they do. `fixed` are whole replies, several variants a key: an outcome, an alarm, or a
    kind of one (`small_talk.greeting`, `declined_injection`). No phrase states a fact. `topics` gives
    the names that fill `{topics}`, most telling first, and `language` what fills `{language}`, both of the
    `release` that is spoken of, or of the live one. `salutations` begin the first answer of a
    conversation, `sign_offs` end a reply to a farewell; both are empty where that is not the house's way.
    `closes_often`: the house ends most answers with a phrase. Raises `ValueError` where a reply that every
    service needs is missing."""

    openers: Mapping[Opener, tuple[str, ...]]
    hedges: tuple[str, ...]
    closings: tuple[str, ...]
    fixed: Mapping[str, tuple[str, ...]]
    topics: Callable[[Snapshot | None], tuple[str, ...]] = lambda _release: ()
    language: Callable[[Snapshot | None], str] = lambda _release: ""
    release: Snapshot | None = None
    salutations: tuple[str, ...] = ()
    sign_offs: tuple[str, ...] = ()
    closes_often: bool = False

    def __post_init__(self) -> None:
        missing = [key for key in REQUIRED if not self.fixed.get(key)]
        if missing:
            raise ValueError(f"the house voice lacks a reply for: {', '.join(missing)}")

    def on(self, release: Snapshot | None) -> HouseVoice:
        """The same voice, speaking of a release."""
        return replace(self, release=release)

    @property
    def house_phrases(self) -> frozenset[str]:
        """The closed set of what may be said without a citation."""
        openers = (phrase for phrases in self.openers.values() for phrase in phrases)
        return frozenset(
            (*openers, *self.hedges, *self.closings, *self.salutations, *self.sign_offs, *self._restating)
        )

    @property
    def meanings(self) -> dict[str, str]:
        """English for the words of other languages with which people pick of what is offered."""
        given = (
            (key.partition(".")[2], words) for key, words in self.fixed.items() if key.startswith("picked.")
        )
        return {word: meaning for meaning, lines in given for line in lines for word in line.split()}

    @property
    def _restating(self) -> tuple[str, ...]:
        return self.fixed.get("said_again", ())

    def restating(self, spoken: Sequence[str] = ()) -> str:
        """That an answer is said once more, in words that the replies `spoken` so far have least."""
        return choose(self._restating, "", "\n".join(spoken))

    def vouching(self, entry: Entry) -> str:
        """That an answer is a reviewed one, since when, and where from, as far as the entry says it."""
        date = f"{entry.reviewed_on.day} {entry.reviewed_on:%B %Y}" if entry.reviewed_on else ""
        source = next((source.title or source.url for source in entry.sources), "")
        known = (bool(date), bool(source))
        ways = self.fixed.get("vouched") or self._restating
        fitting = [each for each in ways if (DATE in each, SOURCE in each) == known]
        return choose(fitting or self._restating, entry.id).replace(DATE, date).replace(SOURCE, source)

    def naming(self, question: str, spoken: Sequence[str] = ()) -> str:
        """Names the curated question that what follows answers, as the replies `spoken` so far do least."""
        ways = [each.replace(QUESTION, question) for each in self.fixed["names_question"]]
        return choose(ways, "", "\n".join(spoken))

    def remembering(self, fact: str, variant: str = "") -> str:
        """Says what was remembered of the user: "you are pregnant"."""
        return choose(self.fixed.get("remembered") or _REMEMBERED, variant).replace(FACT, fact)

    def without_remembered(self, history: Sequence[Message]) -> tuple[Message, ...]:
        """A conversation without what its replies said to be remembered, which is no part of it."""

        def bare(text: str) -> str:
            for each in self.fixed.get("remembered") or _REMEMBERED:
                before, _, after = each.partition(FACT)
                text = re.sub(rf"^{re.escape(before)}[^\n]*?{re.escape(after)}\s*", "", text)
            return text

        return tuple(
            replace(said, text=bare(said.text)) if said.role is Role.ASSISTANT else said for said in history
        )

    def shortened(self, entry: Entry) -> str:
        """That an answer was a part of the entry's, and the way to the rest."""
        url = entry.sources[0].url if entry.sources else ""
        fitting = [each for each in self.fixed["shortened"] if (URL in each) is bool(url)]
        return choose(fitting or self.fixed["shortened"], entry.id).replace(URL, url)

    def may_say(self, text: str, entries: Sequence[Entry]) -> bool:
        """Whether a phrase may be said without a citation beside these entries: one of the closed set, the
        name of one's question, that it was shortened, or when it was reviewed and where it is from."""
        if text in self.house_phrases:
            return True
        if text in self._other_languages():
            return True
        named = (
            each.replace(QUESTION, entry.question)
            for entry in entries
            for each in self.fixed["names_question"]
        )
        return text in named or text in map(self.shortened, entries) or text in map(self.vouching, entries)

    def in_another_language(self, user: str, entry: str) -> str:
        """Says, in the user's language, that an answer is in another one: that of the entry, by its code, or
        of the knowledge base where it names none. Empty where the house has no words for it."""
        said = self.fixed.get(f"answered_in.{user}", ("",))[0]
        own = self.language(self.release) if not entry else entry.upper()
        named = self.fixed.get(f"language_name.{entry}", (own,))[0] if entry else own
        return said.replace(LANGUAGE, self._as_called_in(user, named))

    def _as_called_in(self, user: str, name: str) -> str:
        """What a language that calls itself `name` is called in that of the user."""
        own = (key.partition(".")[2] for key, names in self.fixed.items() if names == (name,))
        called = (self.fixed.get(f"language_name_in.{user}.{code}", ())[:1] for code in own)
        return next((each for (each,) in filter(None, called)), name)

    def language_of_offer(self, reply: str) -> str:
        """The language in which a reply offers questions; "" for the house's own."""
        for key, asking in self.fixed.items():
            if key.startswith("choice_in.") and any(each in reply for each in asking):
                return key.partition(".")[2]
        return ""

    def _other_languages(self) -> frozenset[str]:
        names = [key.partition(".")[2] for key in self.fixed if key.startswith("language_name.")]
        codes = [key.partition(".")[2] for key in self.fixed if key.startswith("answered_in.")]
        return frozenset(self.in_another_language(user, entry) for user in codes for entry in ("", *names))

    def asks_for_whole(self, message: str, before: str) -> bool:
        """Whether a message asks for the rest of the answer that was said `before` and was shortened."""
        was_shortened = any(each.split(URL)[0].strip() in before for each in self.fixed["shortened"])
        return was_shortened and key_of(message) in map(key_of, self.fixed["asks_for_whole"])

    def offering(
        self, questions: Sequence[str], variant: str = "", spoken: Sequence[str] = (), language: str = ""
    ) -> str:
        """Asks which of these curated questions is meant, in the user's language where there are words."""
        asked = self.fixed.get(f"choice_in.{language}") or self.fixed["choice"]
        asking = choose(asked, variant, "\n".join(spoken))
        return "\n".join((asking, "", *(f"- {each}" for each in questions)))

    def unanswered(self, part: str) -> str:
        """That this part of a message has no answer."""
        return choose(self.fixed["part_unanswered"], part).replace(QUESTION, part)

    def reply(
        self,
        outcome: Outcome,
        kind: str = "",
        *,
        variant: str = "",
        spoken: Sequence[str] = (),
        told: Sequence[str] = (),
        key: str = "",
    ) -> str:
        """The whole reply for an outcome without an answer, in the wording that `variant` (the message, say)
        gets, but one that the replies `spoken` so far, and those `told` elsewhere, have least. An
        unknown `kind` falls back to the outcome's own reply, unknown small talk to what the service can do; a
        `key` of `fixed` goes before both. Raises `ValueError` for `ANSWERED`: answers are composed."""
        if outcome is Outcome.ANSWERED:
            raise ValueError("an answer is composed from evidence, never fixed")
        keys = (key, f"{outcome}.{kind}", f"{outcome}_{kind}", kind if kind in ALARMS else "", outcome.value)
        options = next((self.fixed[key] for key in keys if self.fixed.get(key)), self.fixed[REQUIRED[0]])
        topics = self.topics(self.release)
        if not topics:
            options = tuple(option for option in options if TOPICS not in option) or options
        filled = [option.replace(TOPICS, _listed(topics)) for option in options]
        said = choose(filled, variant, "\n".join((*told, *spoken)))
        said = said if kind in ALARMS else _fresh(said, spoken)
        if LANGUAGE in said:
            user = kind.partition(".")[2]
            return said.replace(LANGUAGE, self._as_called_in(user, self.language(self.release)))
        return said


def _listed(topics: Sequence[str]) -> str:
    """Topics as part of a sentence."""
    if not topics:
        return "the subjects of my reviewed answers"
    *others, last = topics if len(topics) <= NAMED_TOPICS else (*topics[:NAMED_TOPICS], "more")
    return f"{', '.join(others)} and {last}" if others else last


def _fresh(said: str, spoken: Sequence[str]) -> str:
    """A reply without the sentences that were said `_OFTEN` times before, where others are left."""
    before = "\n".join(spoken)
    new = [each for each in split_sentences(said) if before.count(each.strip()) < _OFTEN]
    return said if not new or len(new) == len(split_sentences(said)) else " ".join(map(str.strip, new))


def choose(options: Sequence[str], variant: str, spoken: str = "") -> str:
    """One of `options`, the same for the same `variant`, among those that `spoken` has least often. "" where
    there are none."""
    if not options:
        return ""
    start = crc32(variant.encode("utf-8", "surrogatepass")) % len(options)
    turned = [*options[start:], *options[:start]]
    return min(turned, key=spoken.count) if spoken else turned[0]
