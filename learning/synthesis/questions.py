"""Questions made up from a knowledge base: planned, worded, typed, and kept where the way back agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from knowledge.progress import Show
from knowledge.types import Entry
from learning.synthesis.distinct import Distinct
from learning.synthesis.round_trip import CLEAN, TYPED, RoundTrip
from learning.synthesis.wording.frames import Frames, Wording
from learning.synthesis.wording.noise_profile import OPENINGS, opening
from learning.synthesis.wording.typist import Typist
from pipeline.types import Message, Outcome

_POOL = 3  # times as many wordings as are wanted, to choose from
_ROUNDS = 8  # of wording an entry anew
_LOOSE = frozenset({"keyword", "from_answer"})  # kinds that may fit another entry as well
_LONG = 40  # words; nobody writes more in a chat


@dataclass(frozen=True, slots=True)
class Shares:
    """What a set is made of: of all messages, those about entries that were taken out (`withheld`, with that
    share of the entries taken out), those about something else, and small talk."""

    entries: float = 0.1
    withheld: float = 0.12
    off_topic: float = 0.08
    small_talk: float = 0.06


@dataclass(frozen=True, slots=True)
class Made:
    """A message as typed, after `history`; `clean` is the full wording of what it asks, before it was typed.
    Its label: the entries that answer, and the outcome. `about` is the entry that it was made for, empty for
    none."""

    message: str
    clean: str
    kind: str
    entry_ids: tuple[str, ...]
    expect: Outcome
    about: str = ""
    history: tuple[Message, ...] = ()


@dataclass(slots=True)
class Tally:
    """How many messages were made and kept of each kind, and of the kept ones, for how many the right entry
    came first: where nearly all do, only easy ones were kept."""

    made: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)

    def rows(self) -> dict[str, dict[str, float]]:
        return {
            kind: {
                "made": made,
                "kept": self.kept[kind],
                "kept_share": round(self.kept[kind] / made, 4),
                "right_first": round(self.first[kind] / max(1, self.kept[kind]), 4),
            }
            for kind, made in sorted(self.made.items())
        }


@dataclass(frozen=True, slots=True)
class Source:
    """What messages are made from. `extra` are further texts that ask for an entry, by its id; `off_topic`
    and `small_talk` are messages to no entry."""

    entries: Sequence[Entry]
    frames: Frames
    typist: Typist
    off_topic: Sequence[str]
    small_talk: Sequence[str]
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)


class QuestionMaker:
    """Makes messages with their labels. The same seed gives the same messages."""

    def __init__(self, source: Source, trip: RoundTrip, withheld: frozenset[str], seed: int) -> None:
        self.source = source
        self.trip = trip
        self.withheld = withheld
        self.tally = Tally()
        self.distinct = Distinct()
        self.rng = Random(seed)  # noqa: S311 (repeatable on purpose)

    def about(self, entries: Sequence[Entry], count: int, show: Show) -> list[Made]:
        """Up to `count` messages, as evenly spread over the entries as they can be, in random order; fewer
        where the entries do not give more. Each was led back to its entry."""
        kept: list[Made] = []
        for number in range(_ROUNDS):
            if len(kept) >= count or not entries:
                break
            show(min(1.0, len(kept) / count), f"questions: {len(kept):,} of {count:,}")
            kept += self.led_back(self._typed(entries, _shared_out(entries, count - len(kept)), number))
        self.rng.shuffle(kept)
        return kept[:count]

    def strangers(self, count: int) -> list[Made]:
        """Messages about something else."""
        return self._unled(self.source.off_topic, count, "off_topic", Outcome.OFF_TOPIC)

    def chat(self, count: int) -> list[Made]:
        """Small talk, but none that an entry may answer: "I don't trust this"."""
        return self._unled(self.source.small_talk, count, "small_talk", Outcome.SMALL_TALK)

    def _typed(self, entries: Sequence[Entry], counts: Mapping[str, int], number: int) -> list[Made]:
        pools = {entry.id: self._pool(entry) for entry in entries if counts[entry.id]}
        weigh = _weights(self.source, [wording for pool in pools.values() for wording in pool])
        made = []
        for key, pool in pools.items():
            wanted = counts[key] * _POOL // (1 if number else 2)
            ordered = sorted(pool, key=lambda wording: -(self.rng.random() ** (1 / weigh(wording))))
            taken = 0
            for wording in ordered[:wanted]:
                message = self.source.typist(wording.text, self.rng)
                if taken < counts[key] and self.distinct.takes(message, key):
                    made.append(self.labelled(message, wording.text, wording.kind, key))
                    taken += 1
        return made

    def _pool(self, entry: Entry) -> list[Wording]:
        worded = [wording for _ in range(2) for wording in self.source.frames.wordings(entry, self.rng)]
        worded += [Wording(text, "worded", text) for text in self.source.extra.get(entry.id, ())]
        gone = entry.id in self.withheld  # others may say the same as a sentence of its answer
        worded = [wording for wording in worded if not (gone and wording.kind == "from_answer")]
        return [wording for wording in worded if len(wording.text.split()) <= _LONG]

    def labelled(self, message: str, clean: str, kind: str, key: str) -> Made:
        """The message with the label that what is served gives it, once the withheld entries are gone."""
        if key in self.withheld:
            return Made(message, clean, f"withheld_{kind}", (), Outcome.NO_ANSWER, key)
        right = tuple(each for each in self.trip.twins[key] if each not in self.withheld)
        return Made(message, clean, kind, right, Outcome.ANSWERED, key)

    def led_back(self, made: Sequence[Made]) -> list[Made]:
        """Those that lead back: to their entry in the whole knowledge base, also where that was taken out of
        it, for then it is what they ask for and nothing else is nearer. What leans on its history is followed
        by its full wording alone."""
        clean = self.trip.back([each.clean for each in made])
        typed = self.trip.back([each.clean if each.history else each.message for each in made])
        kept = []
        for each, before, after in zip(made, clean, typed, strict=True):
            right = each.entry_ids or (each.about,)
            alone = each.about in self.withheld or each.kind in _LOOSE
            meant = before.leads_only_to(right) if alone else before.leads_to(right, CLEAN)
            self.tally.made[each.kind] += 1
            if meant and after.leads_to(right, TYPED):
                kept.append(each)
                self.tally.kept[each.kind] += 1
                self.tally.first[each.kind] += after.leads_to(right, 1)
        return kept

    def _unled(self, texts: Sequence[str], count: int, kind: str, expect: Outcome) -> list[Made]:
        """Each text that is far from all entries once, then typed anew until there are enough or nothing new
        comes of it."""
        texts = self.trip.strangers(texts) if texts else []
        found: list[Made] = []
        for _ in range(_ROUNDS):
            for text in self.rng.sample(texts, len(texts)):
                if len(found) == count:
                    return found
                message = self.source.typist(text, self.rng)
                if self.distinct.takes(message, f"{kind} {text}"):
                    found.append(Made(message, text, kind, (), expect))
        return found


def make_questions(maker: QuestionMaker, count: int, shares: Shares, show: Show) -> list[Made]:
    """A set of `count` messages of all kinds, shuffled; fewer where there is not enough to make them from."""
    entries = maker.source.entries
    out = [entry for entry in entries if entry.id in maker.withheld]
    inside = [entry for entry in entries if entry.id not in maker.withheld]
    others = maker.strangers(round(count * shares.off_topic)) + maker.chat(round(count * shares.small_talk))
    missing = maker.about(out, round(count * shares.withheld), show)
    made = [*others, *missing, *maker.about(inside, count - len(others) - len(missing), show)]
    maker.rng.shuffle(made)
    return made


def _shared_out(entries: Sequence[Entry], count: int) -> dict[str, int]:
    return {
        entry.id: count // len(entries) + (number < count % len(entries))
        for number, entry in enumerate(entries)
    }


def _weights(source: Source, pool: Sequence[Wording]) -> Callable[[Wording], float]:
    """How often a wording should be taken, so that openings and lengths come out as in real messages."""
    profile = source.typist.profile
    openings = Counter(opening(wording.text) for wording in pool)
    lengths = Counter(_decile(wording.text, profile.words) for wording in pool)
    total, parts = len(pool), len(profile.words) + 1

    def weigh(wording: Wording) -> float:
        begins = opening(wording.text)
        real = profile.openings.get(begins, 1 / len(OPENINGS)) * total / openings[begins]
        return max(1e-3, real * total / parts / lengths[_decile(wording.text, profile.words)])

    return weigh


def _decile(text: str, bounds: Sequence[float]) -> int:
    length = len(text.split())
    return sum(length > bound for bound in bounds)
