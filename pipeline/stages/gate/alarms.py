"""Tells a crisis, an emergency, an unsafe request and an attack on the chat's own rules from what only sounds
like one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.types import FloatArray
from pipeline.stages.gate.alarm_model import AlarmModel
from pipeline.stages.gate.exemplars import Exemplars
from pipeline.stages.relevance.thresholds import JudgeThresholds
from pipeline.turn import Topic

INJECTION = "injection"
_CRISIS, _EMERGENCY, _UNSAFE = "crisis", "emergency", "unsafe"
_GROUPS = {
    _CRISIS: Topic.CRISIS,
    _EMERGENCY: Topic.EMERGENCY,
    _UNSAFE: Topic.UNSAFE,
    INJECTION: Topic.UNSAFE,
}
_URGENT = (_CRISIS, _EMERGENCY)
_INNOCENT = ("honest", "small_talk")
_END = re.compile(r"[.!?\n]+")
_PIECE = 30  # words
_FIRST = 8
_LAST = 4


@dataclass(frozen=True, slots=True)
class Alarm:
    topic: Topic
    kind: str
    probability: float


@dataclass(frozen=True, slots=True)
class Context:
    """What the knowledge base makes of a text: how near it is to anything that gives no alarm, such as a
    question that it answers, and whether it is on topic. A frightening text may still be honest."""

    innocent: float = 0.0
    on_topic: bool = False


@dataclass(frozen=True, slots=True)
class Alarms:
    """`lexicon` holds what is an alarm in any wording around it, and `emergency`, which counts sentence by
    sentence and not where `not_now` does. `model` is what was learned about the rest; where there is none for
    the encoder, nearness to the groups of `exemplars` stands in: `crisis`, `emergency`, `unsafe`, `injection`
    and, to hold against them, `honest`."""

    lexicon: Mapping[str, re.Pattern[str]]
    exemplars: Exemplars
    thresholds: JudgeThresholds
    model: AlarmModel | None = None

    def spelled_out(self, text: str) -> Alarm | None:
        """The gravest alarm that the lexicon alone finds anywhere in a message, if any."""
        for group, topic in _GROUPS.items():
            pieces = sentences(text) if group == _EMERGENCY else [text]
            if any(self._spells_out(group, piece) for piece in pieces):
                return Alarm(topic, _kind(group), 1.0)
        return None

    def raised(self, text: str, vector: FloatArray, context: Context) -> Alarm | None:
        """The gravest alarm that a text raises, if any, by what was learned."""
        if self.model is not None:
            return self._learned(self.model.shares(text, vector), context)
        return self._alike(text, vector, context)

    def _learned(self, shares: Mapping[str, float], context: Context) -> Alarm | None:
        """Somebody in need is heard, whatever the text is about: which of the two it is, is the second
        question."""
        urgent = {group: shares.get(group, 0.0) for group in _URGENT}
        if sum(urgent.values()) >= self.thresholds.urgent:
            gravest = max(urgent, key=lambda group: urgent[group])
            return Alarm(_GROUPS[gravest], gravest, sum(urgent.values()))
        least = self.thresholds.attack_on_topic if context.on_topic else self.thresholds.attack
        for group in (_UNSAFE, INJECTION):
            if shares.get(group, 0.0) >= least:
                return Alarm(_GROUPS[group], _kind(group), shares[group])
        return None

    def _alike(self, text: str, vector: FloatArray, context: Context) -> Alarm | None:
        """By the exemplars. A text on topic gets the benefit of the doubt; for an urgent group only one about
        what was or might be gets it, on topic or not."""
        near_innocent = max(self.exemplars.nearest(group, vector).cosine for group in _INNOCENT)
        innocent = max(context.innocent, near_innocent)
        for group, topic in _GROUPS.items():
            near = self.exemplars.nearest(group, vector).cosine
            doubted = self._not_now(text) if group in _URGENT else context.on_topic
            lead = self.thresholds.alarm_lead + (self.thresholds.benefit if doubted else 0.0)
            if near >= self.thresholds.alarm and near - innocent >= lead:
                return Alarm(topic, _kind(group), near)
        return None

    def _spells_out(self, group: str, text: str) -> bool:
        pattern = self.lexicon.get(group)
        found = pattern is not None and pattern.search(text) is not None
        return found and not (group == _EMERGENCY and self._not_now(text))

    def _not_now(self, text: str) -> bool:
        """Whether a text shows that it is about what was or might be."""
        pattern = self.lexicon.get("not_now")
        return pattern is not None and pattern.search(text) is not None


def _kind(group: str) -> str:
    """Of the verdict, by which the reply is chosen; an unsafe request has none of its own."""
    return "" if group == _UNSAFE else group


def sentences(text: str) -> list[str]:
    """The sentences of a chat message, those without an end cut to pieces of `_PIECE` words."""
    found: list[str] = []
    for sentence in _END.split(text):
        words = sentence.split()
        found += [" ".join(words[start : start + _PIECE]) for start in range(0, len(words), _PIECE)]
    return found


def telling(text: str) -> list[str]:
    """The sentences of a message that has several, of a very long one the first and last few: an encoder
    reads only the beginning of a long text, and an alarm may stand anywhere in it."""
    found = sentences(text)
    if len(found) < 2:
        return []
    return list(dict.fromkeys([*found[:_FIRST], *found[_FIRST:][-_LAST:]]))


def read_lexicon(seeds: Path) -> dict[str, re.Pattern[str]]:
    """`safety_lexicon.yaml`, one pattern a group. Raises `OSError` and `ValueError`."""
    import yaml

    groups = yaml.safe_load((seeds / "safety_lexicon.yaml").read_text(encoding="utf-8"))
    return {group: re.compile("|".join(lines), re.IGNORECASE) for group, lines in groups.items()}
