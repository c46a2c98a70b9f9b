"""Tells a crisis, an unsafe request and an attack on the chat's own rules from what only sounds like one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.types import FloatArray
from pipeline.stages.exemplars import Exemplars
from pipeline.stages.thresholds import JudgeThresholds
from pipeline.turn import Topic

INJECTION = "injection"
_GROUPS = {"crisis": Topic.CRISIS, "unsafe": Topic.UNSAFE, INJECTION: Topic.UNSAFE}
_INNOCENT = ("honest", "small_talk")


@dataclass(frozen=True, slots=True)
class Alarm:
    topic: Topic
    kind: str
    probability: float


@dataclass(frozen=True, slots=True)
class Alarms:
    """`lexicon` holds what is an alarm in any wording around it; `exemplars` the groups `crisis`, `unsafe`,
    `injection` and, to hold against them, `honest`."""

    lexicon: Mapping[str, re.Pattern[str]]
    exemplars: Exemplars
    thresholds: JudgeThresholds

    def raised(self, text: str, vector: FloatArray, innocent: float) -> Alarm | None:
        """The gravest alarm of a message, if any. `innocent` is how near it is to anything that gives no
        alarm, such as a question that the knowledge base answers: a frightening one may still be honest."""
        near_innocent = max(self.exemplars.nearest(group, vector).cosine for group in _INNOCENT)
        innocent = max(innocent, near_innocent)
        for group, topic in _GROUPS.items():
            kind = group if group == INJECTION else ""
            if group in self.lexicon and self.lexicon[group].search(text):
                return Alarm(topic, kind, 1.0)
            near = self.exemplars.nearest(group, vector).cosine
            if near >= self.thresholds.alarm and near - innocent >= self.thresholds.alarm_lead:
                return Alarm(topic, kind, near)
        return None


def read_lexicon(seeds: Path) -> dict[str, re.Pattern[str]]:
    """`safety_lexicon.yaml`, one pattern a group."""
    import yaml

    groups = yaml.safe_load((seeds / "safety_lexicon.yaml").read_text(encoding="utf-8"))
    return {group: re.compile("|".join(lines), re.IGNORECASE) for group, lines in groups.items()}
