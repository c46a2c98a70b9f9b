"""Which of today's clusters is which gap of yesterday: the one that shares most messages with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matched:
    """`ids` gives each cluster its gap, None for a new one; `sources` the gap that most of its known messages
    come from, whether or not that is its own; `merged` says where the messages of vanished gaps went: a
    cluster's place."""

    ids: tuple[str | None, ...]
    sources: tuple[str | None, ...]
    merged: Mapping[str, int]


def matched(clusters: Sequence[Sequence[str]], before: Mapping[str, str]) -> Matched:
    """`clusters` are ids of messages, `before` the gap of each message that had one."""
    shared = [Counter(before[each] for each in cluster if each in before) for cluster in clusters]
    pairs = sorted(
        ((-count, gap, place) for place, gaps in enumerate(shared) for gap, count in gaps.items()),
    )
    ids: list[str | None] = [None] * len(clusters)
    taken: set[str] = set()
    merged: dict[str, int] = {}
    for _, gap, place in pairs:
        if ids[place] is None and gap not in taken:
            ids[place] = gap
            taken.add(gap)
    for _, gap, place in pairs:
        if gap not in taken:
            merged.setdefault(gap, place)
    sources = tuple(max(gaps, key=lambda gap: (gaps[gap], gap), default=None) for gaps in shared)
    return Matched(tuple(ids), sources, merged)
