"""The questions that the widget offers before anybody has asked: where the owner names none, those of the
knowledge base, since each of them is sure to be answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

import yaml

from knowledge.errors import NoLiveRelease
from knowledge.releases.releases import LiveRelease
from knowledge.types import Entry, Snapshot

EXAMPLES = 4
QUESTIONS = 4
"""Of a topic."""
TOPICS = 12
LONGEST = 80
"""Characters of a question that is offered: a longer one is hard to take in at a glance."""

Topics = Sequence[tuple[str, Sequence[str]]]


class Offers:
    """The live release's questions by topic, sorted out once a release; none with nothing live. A
    topic without a label is left out: its id is the owner's own affair."""

    def __init__(self, live: LiveRelease, labels: Mapping[str, str]) -> None:
        self._live = live
        self._labels = labels
        self._known: WeakKeyDictionary[Snapshot, Topics] = WeakKeyDictionary()

    def topics(self) -> Topics:
        """Each topic's name with some of its questions, in the order of the labels."""
        try:
            snapshot = self._live.current
        except NoLiveRelease:
            return ()
        if snapshot not in self._known:
            self._known[snapshot] = self._sorted(snapshot.entries.values())
        return self._known[snapshot]

    def examples(self) -> list[str]:
        """A question of each of the first topics, or some questions where there are no topics."""
        topics = self.topics()
        firsts = [questions[0] for _, questions in topics[:EXAMPLES]]
        return firsts or [question for _, questions in self._unnamed() for question in questions]

    def _unnamed(self) -> Topics:
        try:
            entries = self._live.current.entries.values()
        except NoLiveRelease:
            return ()
        return [("", [entry.question for entry in _short(entries)[:EXAMPLES]])]

    def _sorted(self, entries: Iterable[Entry]) -> Topics:
        by_topic: dict[str, list[str]] = {}
        for entry in _short(entries):
            by_topic.setdefault(entry.topic, []).append(entry.question)
        named = [(name, by_topic[topic]) for topic, name in self._labels.items() if topic in by_topic]
        return [(name, questions[:QUESTIONS]) for name, questions in named[:TOPICS]]


def topic_labels(folder: Path) -> Mapping[str, str]:
    """The owner's names of topics, in order; none where the folder does not say. That its file is damaged is
    told where the chain reads it."""
    try:
        given = yaml.safe_load((folder / "topics.yaml").read_text("utf-8"))
        return {str(topic["id"]): str(topic["label"]) for topic in given}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, LookupError):
        return {}


def _short(entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in sorted(entries, key=lambda entry: entry.id) if len(entry.question) <= LONGEST]
