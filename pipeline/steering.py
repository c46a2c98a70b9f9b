"""How the house answers insults and what it declines over a conversation: another way each time, back to what
it can talk about, and with an end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.sentences import split_sentences
from pipeline.turn import Topic, TopicVerdict
from pipeline.types import Message, Outcome, Question, Role
from pipeline.voice import HouseVoice

INSULT = "insult"
FIRM, ENDING = "steering.firm", "steering.ending"
_FIRM_FROM, _ENDS_FROM = 3, 10
"""The how-manieth such message of a conversation is answered firmly, and by taking leave."""
_HOSTILE = ("declined", "declined_injection", f"small_talk.{INSULT}")
_SLOT = re.compile(r"\\\{\w+\\\}")


def is_hostile(verdict: TopicVerdict) -> bool:
    """Whether a message is one to steer away from: unsafe, an attack on the chat's rules, or an insult."""
    insults = verdict.topic is Topic.SMALL_TALK and verdict.kind == INSULT
    return verdict.topic is Topic.UNSAFE or insults


class Steering:
    """Reads off a conversation how often the house had to steer already. Its own replies tell: nothing is
    kept of a conversation but its public messages, of which only the last may be at hand."""

    def __init__(self, voice: HouseVoice) -> None:
        self._voice = voice
        self._replies = {key: _matching(voice.fixed.get(key, ())) for key in (*_HOSTILE, FIRM, ENDING)}

    def reply(self, outcome: Outcome, kind: str, question: Question) -> str:
        """What the house says to one more hostile message."""
        spoken = [message.text for message in question.history if message.role is Role.ASSISTANT]
        key = self.key(question.history)
        voice = self._voice.on(question.context.release)
        return voice.reply(outcome, kind, variant=question.text, spoken=spoken, told=question.told, key=key)

    def key(self, history: Sequence[Message]) -> str:
        """The house's reply to one more hostile message: "" for the one to its kind."""
        replies = [message.text.strip() for message in history if message.role is Role.ASSISTANT]
        times = 1 + sum(self._is(reply, *self._replies) for reply in replies)
        if times >= _ENDS_FROM or any(self._is(reply, ENDING) for reply in replies):
            return ENDING
        firm = times >= _FIRM_FROM or any(self._is(reply, FIRM) for reply in replies)
        return FIRM if firm else ""

    def _is(self, reply: str, *keys: str) -> bool:
        """Whether a reply is of these: all its sentences are, of which some may have been left out."""
        patterns = [pattern for key in keys for pattern in self._replies[key]]
        parts = [part.strip() for part in split_sentences(reply)]
        return bool(parts) and all(any(each.fullmatch(part) for each in patterns) for part in parts)


def _matching(replies: Sequence[str]) -> Sequence[re.Pattern[str]]:
    """A pattern for each sentence of the replies, whatever its slots are filled with."""
    sentences = [part.strip() for reply in replies for part in split_sentences(reply)]
    return [re.compile(_SLOT.sub(".*", re.escape(sentence))) for sentence in sentences]
