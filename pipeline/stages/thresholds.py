"""Where the judging stages draw their lines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JudgeThresholds:
    """Least calibrated probabilities, and cosines where there is nothing to calibrate from.

    `gate`: the message is on topic, which is `left_out` log-odds less probable where it leaves out what the
    whole knowledge base is about (see `MainSubject`). `relevance`: the best entry answers; `retry`: the same,
    where only another wording of the query found it. `grounding`: the evidence supports a sentence. A
    `rival`, which may be the entry that was meant, needs this probability and lies at most `margin` below the
    best one's fused score; where a trained model judges, it needs `trained_rival` and lies at most
    `trained_margin` below the best one's log-odds. `small_talk`:
    nearness to an exemplar of it, and `small_talk_clear` where the message may be on topic or a fragment. A
    crisis or an emergency needs the probability `urgent`, an unsafe request or an attack on the rules the
    probability `attack`, and `attack_on_topic` where the message may be an honest one on topic. Without a
    model of alarms, one needs the nearness `alarm` to an exemplar and `alarm_lead` over the nearest honest
    message, `benefit` more where the message is on topic."""

    gate: float = 0.8
    left_out: float = 2.5
    relevance: float = 0.67
    retry: float = 0.8
    grounding: float = 0.7
    rival: float = 0.09
    margin: float = 0.13
    trained_rival: float = 0.3
    trained_margin: float = 1.5
    small_talk: float = 0.65
    small_talk_clear: float = 0.7
    alarm: float = 0.55
    alarm_lead: float = 0.05
    urgent: float = 0.3
    attack: float = 0.9
    attack_on_topic: float = 0.97
    benefit: float = 0.15

    def least(self, *, retry: bool) -> float:
        """The probability that the best entry needs."""
        return self.retry if retry else self.relevance
