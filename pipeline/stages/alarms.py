"""Tells a crisis, an emergency, an unsafe request and an attack on the chat's own rules from what only sounds
like one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.types import FloatArray
from pipeline.stages.exemplars import Exemplars
from pipeline.stages.message_kinds import MessageKinds
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Topic

INJECTION = "injection"
_CRISIS, _EMERGENCY, _UNSAFE = "crisis", "emergency", "unsafe"
_GROUPS = {
    _CRISIS: Topic.CRISIS,
    _EMERGENCY: Topic.EMERGENCY,
    _UNSAFE: Topic.UNSAFE,
    INJECTION: Topic.UNSAFE,
}
_LEARNED = (_CRISIS, _EMERGENCY, INJECTION)
"""Groups that a trained model tells from honest messages; it takes "how can I ..." for unsafe too often."""
_INNOCENT = ("honest", "small_talk")
_END = re.compile(r"[.!?\n]+")
_PIECE = 30  # words
_FIRST = 2
_LAST = 3


@dataclass(frozen=True, slots=True)
class Alarm:
    topic: Topic
    kind: str
    probability: float


@dataclass(frozen=True, slots=True)
class Alarms:
    """`lexicon` holds what is an alarm in any wording around it, and `emergency`, which counts sentence by
    sentence and not where `not_now` does; `exemplars` the groups `crisis`, `emergency`, `unsafe`,
    `injection` and, to hold against them, `honest`; `kinds`, where it was trained for the encoder, knows some
    of these groups too."""

    lexicon: Mapping[str, re.Pattern[str]]
    exemplars: Exemplars
    thresholds: JudgeThresholds
    kinds: MessageKinds | None = None

    def spelled_out(self, text: str) -> Alarm | None:
        """The gravest alarm that the lexicon alone finds anywhere in a message, if any."""
        for group, topic in _GROUPS.items():
            pieces = sentences(text) if group == _EMERGENCY else [text]
            if any(self._spells_out(group, piece) for piece in pieces):
                return Alarm(topic, _kind(group), 1.0)
        return None

    def raised(self, text: str, vector: FloatArray, innocent: float, doubt: float = 0.0) -> Alarm | None:
        """The gravest alarm that the exemplars raise for a text, if any. `innocent` is how near it is to
        anything that gives no alarm, such as a question that the knowledge base answers: a frightening one
        may still be honest. `doubt` is what a text on topic gets on top; for a crisis or an emergency
        only one about what was or might be gets it, on topic or not."""
        near_innocent = max(self.exemplars.nearest(group, vector).cosine for group in _INNOCENT)
        innocent = max(innocent, near_innocent)
        for group, topic in _GROUPS.items():
            learned = self.kinds.probability(group, vector) if self.kinds and group in _LEARNED else 0.0
            if learned >= self.thresholds.alarm_sure:
                return Alarm(topic, _kind(group), learned)
            near = self.exemplars.nearest(group, vector).cosine
            spared = doubt
            if topic in (Topic.CRISIS, Topic.EMERGENCY):
                spared = self.thresholds.benefit if self._not_now(text) else 0.0
            if near >= self.thresholds.alarm and near - innocent - spared >= self.thresholds.alarm_lead:
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
    """The first and last few sentences of a message that has several: an encoder reads only the beginning
    of a long text, and what matters is mostly said first or last."""
    found = sentences(text)
    if len(found) < 2:
        return []
    return list(dict.fromkeys([*found[:_FIRST], *found[_FIRST:][-_LAST:]]))


def read_lexicon(seeds: Path) -> dict[str, re.Pattern[str]]:
    """`safety_lexicon.yaml`, one pattern a group. Raises `OSError` and `ValueError`."""
    import yaml

    groups = yaml.safe_load((seeds / "safety_lexicon.yaml").read_text(encoding="utf-8"))
    return {group: re.compile("|".join(lines), re.IGNORECASE) for group, lines in groups.items()}
