"""The house voice of this service: learned from the example conversations, with the owner's own words, and
naming the topics of the knowledge base that serves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from app.settings import Settings
from knowledge.types import Snapshot
from learning.voice.learning import learn_voice
from learning.voice.phrases import Phrases
from pipeline.errors import RetrievalFailed
from pipeline.ports import Knowledge
from pipeline.stages.gate.spoken_language import SpokenLanguages
from pipeline.voice import HouseVoice

_CONTACT = "You can also ask here: {contact}"
_REFERRED = ("complaint", "person")
"""Kinds of small talk that are told whom to ask instead."""
_UNNAMED = ("", "general")  # the topic of entries that were given none


class LiveTopics:
    """The names of a release's topics, by default the live one's, counted once a release: those with a label
    first, in the order of the labels, then the largest. Called with nothing live, it gives none."""

    def __init__(self, knowledge: Knowledge, labels: Mapping[str, str]) -> None:
        self._knowledge = knowledge
        self._labels = labels
        self._named: WeakKeyDictionary[Snapshot, tuple[str, ...]] = WeakKeyDictionary()

    def __call__(self, release: Snapshot | None = None) -> tuple[str, ...]:
        try:
            snapshot = release or self._knowledge.current
        except RetrievalFailed:
            return ()
        if snapshot not in self._named:
            names = self._names(Counter(entry.topic for entry in snapshot.entries.values()))
            self._named[snapshot] = names
        return self._named[snapshot]

    def _names(self, sizes: Counter[str]) -> tuple[str, ...]:
        labelled = [label for topic, label in self._labels.items() if topic in sizes]
        others = [topic for topic, _ in sizes.most_common() if topic not in (*self._labels, *_UNNAMED)]
        return tuple(_within_a_sentence(name) for name in (*labelled, *map(_spelt_out, others)))


class LiveLanguage:
    """What a release's language calls itself, by default the live one's, read once a release; its code where
    `names` does not tell, and nothing with nothing live."""

    def __init__(self, knowledge: Knowledge, names: Mapping[str, str]) -> None:
        self._knowledge = knowledge
        self._names = names
        self._read: WeakKeyDictionary[Snapshot, str] = WeakKeyDictionary()

    def __call__(self, release: Snapshot | None = None) -> str:
        try:
            snapshot = release or self._knowledge.current
        except RetrievalFailed:
            return ""
        if snapshot not in self._read:
            codes = SpokenLanguages.of(snapshot.entries.values()).codes
            self._read[snapshot] = self._names.get(codes[0], codes[0].upper()) if codes else ""
        return self._read[snapshot]


def learned_voice(given: Mapping[str, Any], heard: Phrases, settings: Settings) -> HouseVoice:
    """The voice of what was heard in the conversations, with the replies `given` for what they do not teach
    and the owner's texts for alarms and contact. Raises `ValueError`, `LookupError`, `TypeError` or
    `AttributeError` where a reply is missing or of another shape."""
    fixed = dict(given)
    own = {"crisis": settings.crisis_text, "emergency": settings.emergency_text}
    fixed |= {kind: text for kind, text in own.items() if text}
    others = fixed.pop("other_language", {})
    fixed["off_topic_language"] = _in_other_languages(others, "text", settings)
    none = _in_other_languages(others, "none", settings)
    fixed |= _across_languages(others) | {"no_answer_in": none, "off_topic_in": none}
    if settings.handoff_contact:
        contact = f" {_CONTACT.format(contact=settings.handoff_contact)}"
        fixed |= {key: _ending(fixed[key], contact) for key in ("no_answer", "off_topic")}
        steering = fixed.get("steering", {})
        fixed["steering"] = steering | {"ending": _ending(steering.get("ending", ()), contact)}
        small_talk = fixed["small_talk"]
        referred = {kind: _ending(small_talk[kind], contact) for kind in _REFERRED if kind in small_talk}
        fixed["small_talk"] = {**small_talk, **referred}
    return learn_voice(heard, fixed)


def _ending(replies: Sequence[str], end: str) -> list[str]:
    return [f"{reply}{end}" for reply in replies]


def _in_other_languages(given: Mapping[str, Any], own: str, settings: Settings) -> dict[str, str]:
    """One of the replies to a message in another language, by that language, with the contact."""
    contact = settings.handoff_contact
    return {
        code: f"{words[own]} {words['contact'].format(contact=contact)}" if contact else words[own]
        for code, words in given.items()
        if own in words
    }


def _across_languages(given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What is said in the user's language around entries in another, by what it does and by language."""
    said = {"language_name": "name", "answered_in": "answer", "choice_in": "choice"}
    shared = {
        key: {code: words[own] for code, words in given.items() if own in words} for key, own in said.items()
    }
    return shared | {f"language_name_in.{code}": _names(code, given) for code in given}


def _names(user: str, codes: Iterable[str]) -> dict[str, str]:
    """What languages are called in that of the user: "Englisch"."""
    from babel import Locale, UnknownLocaleError

    try:
        known = Locale.parse(user).languages
    except (UnknownLocaleError, ValueError):  # one of the owner's: each calls itself as it does
        return {}
    return {code: known[code] for code in codes if code in known}


def _spelt_out(topic: str) -> str:
    """A topic id as words; a hyphen before a number belongs to a name."""
    return " ".join(re.sub(r"_|-(?!\d)", " ", topic).split())


def _within_a_sentence(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
