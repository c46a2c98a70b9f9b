"""Where the judging stages draw their lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class WhenUnsure(StrEnum):
    """What an owner wants where it is open which entry is meant."""

    CAREFUL = "careful"  # rather ask back once more than answer wrongly
    BALANCED = "balanced"
    DIRECT = "direct"  # rather answer than ask back


@dataclass(frozen=True, slots=True)
class Costs:
    """What a reply costs, an answerable question that gets no answer being 1: to answer where `nothing` in
    the knowledge base does; to answer from one entry where the `other` one was meant, which its reader can
    see; to `offer` entries of which one is right; and to offer in `vain`, where none is."""

    nothing: float
    other: float
    offer: float = 0.45
    vain: float = 0.5


COSTS = {
    WhenUnsure.CAREFUL: Costs(nothing=3.0, other=1.0),
    WhenUnsure.BALANCED: Costs(nothing=1.8, other=0.6),
    WhenUnsure.DIRECT: Costs(nothing=1.2, other=0.35),
}
"""Balanced: swept on real messages to a knowledge base about vaccines and on the practical ones in `dev`.
With one cost for both kinds of wrong answers, .43 of the real messages were answered rightly where .49 are
now, at the same share of answers to what nothing answers. A choice costs its reader little also in vain: the
suggestions under a refusal are such questions too."""


def lowered(probability: float, log_odds: float) -> float:
    """The probability with so many log-odds less."""
    return probability / (probability + (1 - probability) * math.exp(log_odds))


def answering_line(costs: Costs) -> float:
    """The probability from which on an entry that has no rival is answered from: a wrong answer then costs
    no more than none."""
    return costs.nothing / (1 + costs.nothing)


@dataclass(frozen=True, slots=True)
class JudgeThresholds:
    """Least calibrated probabilities, and cosines where there is nothing to calibrate from.

    `gate`: the message is on topic; below that and from `doubtful` on it may be, and an answer is then
    `doubt` log-odds less probable; where the gate could learn nothing, from `doubtful_unlearned` on, and
    no less. Being on topic is `left_out` log-odds less probable where it leaves out what the whole
    knowledge base is about (see `DomainTerms`). `costs` decide between an answer, a choice and none;
    `retry` is by how many log-odds an answer is less probable that only another wording of the query
    found. `grounding`: the evidence supports a sentence. `small_talk`: nearness to an exemplar of it, and
    `small_talk_clear` where the message may be on topic or a fragment; a doubt about what was answered needs
    `doubted`, as "is that bad?" asks more and is near to "is that true?". A crisis or an emergency needs the
    probability `urgent`, an unsafe request or an attack on the rules the probability `attack`, and
    `attack_on_topic` where the message may be an honest one on topic. Without a model of alarms, one needs
    the nearness `alarm` to an exemplar and `alarm_lead` over the nearest honest message, `benefit` more
    where the message is on topic."""

    gate: float = 0.8
    doubtful: float = 0.3
    doubtful_unlearned: float = 0.03
    doubt: float = 0.5
    left_out: float = 2.5
    costs: Costs = COSTS[WhenUnsure.BALANCED]
    retry: float = 0.7
    grounding: float = 0.7
    small_talk: float = 0.65
    small_talk_clear: float = 0.7
    doubted: float = 0.8
    alarm: float = 0.55
    alarm_lead: float = 0.05
    urgent: float = 0.3
    attack: float = 0.7
    attack_on_topic: float = 0.8
    benefit: float = 0.15
