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
    best one's fused score. `small_talk`: nearness to an exemplar of it, and `small_talk_clear`
    where the message may be on topic or a fragment. An `alarm` (crisis, unsafe) needs this nearness to an
    exemplar and `alarm_lead` over the nearest honest message, `benefit` more where the message is on topic;
    or the probability `alarm_sure`, where a model was trained."""

    gate: float = 0.8
    left_out: float = 2.5
    relevance: float = 0.67
    retry: float = 0.8
    grounding: float = 0.7
    rival: float = 0.09
    margin: float = 0.13
    small_talk: float = 0.65
    small_talk_clear: float = 0.7
    alarm: float = 0.55
    alarm_lead: float = 0.05
    alarm_sure: float = 0.95
    benefit: float = 0.15

    def least(self, *, retry: bool) -> float:
        """The probability that the best entry needs."""
        return self.retry if retry else self.relevance
