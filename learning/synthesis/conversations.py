"""Conversations made up from a knowledge base: a history, and a last message whose label is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge.progress import Show
from knowledge.sentences import sentence_spans
from knowledge.types import Entry
from learning.synthesis.follow_ups import FollowUp, asks_why, follow_ups
from learning.synthesis.questions import Made, QuestionMaker
from pipeline.types import Message, Role

_NEIGHBOURS = 60  # entries after which a follow-up is looked for, for each
_PER_ENTRY = 12  # follow-ups of a kind that lead to one entry
_REPLY_WORDS = 45  # of an earlier answer
_GREETS, _BRIDGES, _ANNOUNCES, _GOES_BACK = 0.25, 0.3, 0.25, 0.35


@dataclass(frozen=True, slots=True)
class Turns:
    """What a set of conversations ends in, as shares; what one kind cannot give, changes of subject do."""

    first: float = 0.1
    pronoun: float = 0.22
    ellipsis: float = 0.1
    why: float = 0.02
    withheld: float = 0.12
    off_topic: float = 0.08
    small_talk: float = 0.07


def make_conversations(maker: QuestionMaker, count: int, turns: Turns, show: Show) -> list[Made]:
    """`count` messages, each after its history, shuffled; fewer where there is not enough to make them
    from."""
    served = [entry for entry in maker.source.entries if entry.id not in maker.withheld]
    gone = [entry for entry in maker.source.entries if entry.id in maker.withheld]
    talks = _Talks(maker, served)
    made = list(talks.follow_ups(count, turns))
    strangers = maker.strangers(round(count * turns.off_topic)) + maker.chat(round(count * turns.small_talk))
    missing = round(count * turns.withheld) - sum(each.about in maker.withheld for each in made)
    unanswered = maker.about(gone, max(0, missing), show)
    first = round(count * turns.first)
    others = maker.about(served, count - len(made) - len(strangers) - len(unanswered), show)
    made += [talks.opened(each) for each in others[:first]]
    made += [talks.switched(each) for each in [*others[first:], *strangers, *unanswered]]
    maker.rng.shuffle(made)
    return made


class _Talks:
    """Puts histories before messages."""

    def __init__(self, maker: QuestionMaker, served: Sequence[Entry]) -> None:
        self.maker = maker
        self.served = served
        self.talk = maker.source.frames.talk
        self.rng = maker.rng

    def opened(self, made: Made) -> Made:
        """A first question, sometimes after a greeting."""
        return replace(made, kind=f"first_{made.kind}", history=self._greeting())

    def switched(self, made: Made) -> Made:
        """A message that has nothing to do with the one before, sometimes announced."""
        message, label = made.message, made.kind
        opened = made.clean.lower().startswith(self.maker.source.frames.openers)
        if opened:
            pass
        elif made.about and self.rng.random() < _ANNOUNCES:
            message = f"{self.rng.choice(self.talk.change)} {message}"
        elif made.about and self.rng.random() < _BRIDGES:
            message = f"{self.rng.choice(self.talk.bridge)}. {message}"
        kind = f"switch_{label}" if made.about else label
        before = self.rng.choice(self.served)
        return replace(made, message=message, kind=kind, history=self._history(before))

    def follow_ups(self, count: int, turns: Turns) -> Iterator[Made]:
        """Messages that lean on the one before; each is new, and the full question leads to its entry."""
        found = [*self._found()]
        self.rng.shuffle(found)
        for kind in ("pronoun", "ellipsis", "why"):
            wanted = round(count * getattr(turns, kind))
            made = [self._typed(each) for each in found if each.kind == kind]
            new = [each for each in made if self._is_new(each)]
            yield from self.maker.led_back(new[: wanted + wanted // 4])[:wanted]

    def _found(self) -> Iterator[FollowUp]:
        entries = self.maker.trip.entries
        served = {entry.id for entry in self.served}
        for key, near in self.maker.trip.neighbours(_NEIGHBOURS).items():
            ways = [
                each
                for other in self.rng.sample(near, len(near))
                if other in served
                for each in follow_ups(entries[other], entries[key], self.talk, self.rng)
            ]
            for kind in ("pronoun", "ellipsis"):
                yield from [each for each in ways if each.kind == kind][:_PER_ENTRY]
            if key in served and (why := asks_why(entries[key], self.talk, self.rng)):
                yield why

    def _typed(self, found: FollowUp) -> Made:
        source = self.maker.source
        message = source.typist(source.frames.reworded(found.message, self.rng, most=1), self.rng)
        if self.rng.random() < _BRIDGES:
            message = f"{self.rng.choice(self.talk.bridge)}, {message}"
        made = self.maker.labelled(message, found.full, found.kind, found.about)
        return replace(made, history=self._history(source_entry(self.maker, found.after)))

    def _is_new(self, made: Made) -> bool:
        """ "Why?" is new after another question."""
        before = made.history[-2].text if made.kind.endswith("why") else ""
        return self.maker.distinct.takes(f"{before} {made.message}", f"{made.kind} {made.about} {before}")

    def _history(self, last: Entry) -> tuple[Message, ...]:
        """What was said before: sometimes a greeting, sometimes a question about something else, then one
        about `last`."""
        said = [*self._greeting()]
        if self.rng.random() < _GOES_BACK:
            said += self._exchange(self.rng.choice(self.served))
        return (*said, *self._exchange(last))

    def _greeting(self) -> tuple[Message, ...]:
        if self.rng.random() >= _GREETS:
            return ()
        opening = self.maker.source.typist(self.rng.choice(self.talk.opening), self.rng)
        reply = self.rng.choice(self.talk.greeting_reply)
        return (Message(Role.USER, opening), Message(Role.ASSISTANT, reply))

    def _exchange(self, entry: Entry) -> tuple[Message, Message]:
        source = self.maker.source
        question = source.typist(source.frames.reworded(entry.question, self.rng, most=1), self.rng)
        return (Message(Role.USER, question), Message(Role.ASSISTANT, reply_of(entry)))


def source_entry(maker: QuestionMaker, entry_id: str) -> Entry:
    return maker.trip.entries[entry_id]


def reply_of(entry: Entry) -> str:
    """What the service may have answered: the first sentences of the answer, with a citation."""
    text, words = "", 0
    for start, end in sentence_spans(entry.answer):
        words += len(entry.answer[start:end].split())
        if text and words > _REPLY_WORDS:
            break
        text = entry.answer[:end]
    return f"{text} [1]"
