"""Where the judging stages draw their lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WhenUnsure(StrEnum):
    """What an owner wants where it is open which entry is meant."""

    CAREFUL = "careful"  # rather ask back once more than answer wrongly
    BALANCED = "balanced"
    DIRECT = "direct"  # rather answer than ask back


@dataclass(frozen=True, slots=True)
class Costs:
    """What a reply costs, an answerable question that gets no answer being 1: a `wrong` answer; an `offer` of
    entries of which one is right; and a `vain` offer, where none is."""

    wrong: float
    offer: float
    vain: float


COSTS = {
    WhenUnsure.CAREFUL: Costs(wrong=3.0, offer=0.3, vain=0.6),
    WhenUnsure.BALANCED: Costs(wrong=1.8, offer=0.3, vain=0.6),
    WhenUnsure.DIRECT: Costs(wrong=1.1, offer=0.4, vain=0.6),
}


def answering_line(costs: Costs) -> float:
    """The probability from which on an entry that has no rival is answered from: a wrong answer then costs
    no more than none."""
    return costs.wrong / (1 + costs.wrong)


@dataclass(frozen=True, slots=True)
class JudgeThresholds:
    """Least calibrated probabilities, and cosines where there is nothing to calibrate from.

    `gate`: the message is on topic, which is `left_out` log-odds less probable where it leaves out what the
    whole knowledge base is about (see `MainSubject`). `costs` decide between an answer, a choice and none;
    `retry` is by how many log-odds an answer is less probable that only another wording of the query found.
    `grounding`: the evidence supports a sentence. `small_talk`:
    nearness to an exemplar of it, and `small_talk_clear` where the message may be on topic or a fragment. An
    `alarm` (crisis, unsafe) needs this nearness to an exemplar and `alarm_lead` over the nearest honest
    message, `benefit` more where the message is on topic; or the probability `alarm_sure`, where a model was
    trained."""

    gate: float = 0.8
    left_out: float = 2.5
    costs: Costs = COSTS[WhenUnsure.BALANCED]
    retry: float = 0.7
    grounding: float = 0.7
    small_talk: float = 0.65
    small_talk_clear: float = 0.7
    alarm: float = 0.55
    alarm_lead: float = 0.05
    alarm_sure: float = 0.95
    benefit: float = 0.15
