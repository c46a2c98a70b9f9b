"""What users asked that the knowledge base could not answer: clusters that keep their ids while they grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import uuid4

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from app.curation.asked import Asked, AskedMessages, Kind, Section, section_of
from app.curation.clusters import Cluster, RecentVectors, clusters_of
from app.curation.gap_store import OPEN_STATES, GapNotFound, GapRow, GapState, GapStore
from app.curation.matching import Matched, matched
from app.store.database.db import now
from knowledge.index.recent import may_be_told_to_forget
from knowledge.types import FloatArray, Hit, Snapshot

MOST_MESSAGES = 5_000
"""Of a section, the newest ones: what is compared with each other takes memory by its square (100 MB)."""
_ATTEMPTS = 3
_NEAREST = 3
_RELATED = 0.5  # mean cosine: half of such pairs ask the same in other words
_MOST_RELATED = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap as it is kept, with its messages: all, or those of the time that was asked for."""

    row: GapRow
    cluster: Cluster

    @property
    def kinds(self) -> Counter[Kind]:
        return Counter(each.kind for each in self.cluster.messages)

    @property
    def cited(self) -> list[tuple[str, int]]:
        """The entries that replies to it cited, most often cited first."""
        return Counter(entry for each in self.cluster.messages for entry in each.cited).most_common()

    @property
    def conversations(self) -> int:
        return len({each.conversation_id for each in self.cluster.messages})

    @property
    def first_at(self) -> datetime:
        return min(each.at for each in self.cluster.messages)

    @property
    def last_at(self) -> datetime:
        return max(each.at for each in self.cluster.messages)


class GapReport:
    """The gaps of one database. Blocking; safe to use from many threads. Clusters are made anew where
    something was said, rated, chosen or deleted since. `encoder` gives what encodes texts, keeping nothing,
    and raises where that is not loaded yet."""

    def __init__(
        self,
        engine: Engine,
        encoder: Callable[[], Callable[[Sequence[str]], FloatArray]],
        most: int = MOST_MESSAGES,
    ) -> None:
        self.store = GapStore(engine)
        self._asked = AskedMessages(engine)
        self._most = most
        self._vectors = RecentVectors(lambda texts: encoder()(texts), 2 * most)
        self._lock = Lock()
        self._clusters: dict[Section, list[Cluster]] = {}
        self._states: dict[Section, tuple[Any, ...]] = {}
        self._gaps: dict[Section, tuple[list[Cluster], tuple[Any, ...], list[Gap]]] = {}
        may_be_told_to_forget(self)

    def forget(self) -> None:
        """Clusters are made anew when they are asked for."""
        with self._lock:
            self._states.clear()
            self._clusters.clear()
            self._gaps.clear()

    def gaps(self, section: Section) -> list[Gap]:
        """All of a section, those with most messages first. Raises what encoder and database raise."""
        with self._lock:
            clusters, state = self._current(section), self.store.state(section)
            if (known := self._gaps.get(section)) and known[0] is clusters and known[1] == state:
                return list(known[2])
            for _ in range(_ATTEMPTS):
                rows = self.store.rows(section)
                if all(cluster.id in rows for cluster in clusters):
                    break
                self._states.pop(section)  # another process has arranged them anew
                clusters = self._current(section)
            gaps = (Gap(rows[cluster.id], cluster) for cluster in clusters if cluster.id in rows)
            found = sorted(gaps, key=by_weight)
            self._gaps[section] = clusters, state, found
            return list(found)

    def find(
        self,
        *,
        kind: Kind | None = None,
        states: Iterable[GapState] | None = None,
        text: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Gap]:
        """Those with a message of the kind, of the time, that holds the text whatever its case, in one of the
        states; counted is what was asked in that time."""
        wanted, part = set(states or GapState), (text or "").casefold()
        found = []
        for gap in self.gaps(section_of(kind)):
            if since or until:
                gap = Gap(gap.row, gap.cluster.within(since, until))
            if not gap.cluster.messages or gap.row.state not in wanted:
                continue
            if kind in (Kind.UNANSWERED, Kind.NOT_CHOSEN, Kind.RATED_DOWN) and not gap.kinds[kind]:
                continue
            if part and not any(part in each.text.casefold() for each in gap.cluster.messages):
                continue
            found.append(gap)
        return sorted(found, key=by_weight) if since or until else found

    def get(self, gap_id: str) -> Gap:
        """Also by the id of a gap that went into it. Raises `GapNotFound`."""
        for _ in range(_ATTEMPTS):  # it may go into another one just then
            row = self.store.resolve(gap_id)
            found = (gap for gap in self.gaps(Section(row.section)) if gap.row.id == row.id)
            if (gap := next(found, None)) is not None:
                return gap
        raise GapNotFound(gap_id)

    def nearest(self, gap: Gap, live: Snapshot | None) -> Sequence[Hit]:
        """The entries of a release that are nearest to a gap, best first; none where no release is live."""
        query = gap.cluster.query
        return live.search(query, self.vector_of(query), _NEAREST) if live else ()

    def related(self, gap: Gap) -> list[tuple[Gap, float]]:
        """Other gaps of its section that are near to it, with the mean cosine between their wordings and its
        own, nearest first: what a curator may want to answer together."""
        gaps = self.gaps(Section(gap.row.section))
        wordings = [[each.text for each in other.cluster.wordings] for other in gaps]
        lengths = np.array([len(texts) for texts in wordings])
        vectors = self._vectors([text for texts in wordings for text in texts])
        means = np.add.reduceat(vectors, np.cumsum(lengths) - lengths) / lengths[:, None]
        own = next(
            (mean for other, mean in zip(gaps, means, strict=True) if other.row.id == gap.row.id), None
        )
        if own is None:
            return []
        near = [(other, float(cosine)) for other, cosine in zip(gaps, means @ own, strict=True)]
        others = (each for each in near if each[0].row.id != gap.row.id and each[1] >= _RELATED)
        return sorted(others, key=lambda each: -each[1])[:_MOST_RELATED]

    def vector_of(self, text: str) -> FloatArray:
        """The unit vector of one text. Raises what the encoder raises."""
        vector: FloatArray = self._vectors([text])[0]
        return vector

    def set_state(self, gap_id: str, state: GapState, **values: Any) -> None:  # noqa: ANN401
        """With `was`, only where it is still in that state. Raises `GapNotFound`."""
        self.store.change(gap_id, state=state.value, changed_at=now(), **values)

    def _current(self, section: Section) -> list[Cluster]:
        state = self._asked.state()
        if self._states.get(section) != state:
            self._clusters[section] = self._arranged(section)
            self._states[section] = state
        return self._clusters[section]

    def _arranged(self, section: Section) -> list[Cluster]:
        for attempt in range(_ATTEMPTS):
            messages = self._asked.newest(section, self._most)
            made = clusters_of(messages, self._vectors)
            try:
                return self._saved(section, made)
            except IntegrityError:  # a conversation was deleted meanwhile, or another process did the same
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def _saved(self, section: Section, made: Sequence[tuple[Asked, ...]]) -> list[Cluster]:
        rows, before = self.store.rows(section), self.store.members(section)
        match = matched([[each.message_id for each in messages] for messages in made], before)
        fresh = _fresh(section, match, rows)
        ids = [known or fresh[place].id for place, known in enumerate(match.ids)]
        belongs = {
            each.message_id: gap_id for gap_id, messages in zip(ids, made, strict=True) for each in messages
        }
        self.store.save(
            made=list(fresh.values()),
            moved={each: gap for each, gap in belongs.items() if before.get(each) != gap},
            left=[each for each in before if each not in belongs],
            merged={gap: ids[place] for gap, place in match.merged.items()},
            reopened=[
                gap_id
                for gap_id, messages in zip(ids, made, strict=True)
                if gap_id in rows and _came_back(rows[gap_id], messages)
            ],
        )
        return [Cluster(gap_id, messages) for gap_id, messages in zip(ids, made, strict=True)]


def _fresh(section: Section, match: Matched, rows: dict[str, GapRow]) -> dict[int, GapRow]:
    """The gaps that are new. A part of another gap is in its state."""
    fresh = {}
    for place, (known, source) in enumerate(zip(match.ids, match.sources, strict=True)):
        if known is not None:
            continue
        row = GapRow(id=uuid4().hex, section=section.value)
        if source in rows:
            kept = ("state", "changed_at", "release_id", "asked_release")
            row = row.model_copy(update={name: getattr(rows[source], name) for name in kept})
        elif section is Section.ANSWERED:
            row.state = GapState.CLOSED.value
        fresh[place] = row
    return fresh


def _came_back(row: GapRow, messages: Sequence[Asked]) -> bool:
    return (
        row.section != Section.ANSWERED
        and row.state == GapState.CLOSED
        and any(each.at > row.changed_at for each in messages)
    )


def by_weight(gap: Gap) -> tuple[int, float, str]:
    """Sorts those with most messages first, of equals what was asked last."""
    messages = gap.cluster.messages
    last = max((each.at.timestamp() for each in messages), default=0.0)
    return -len(messages), -last, gap.row.id


def open_gaps(gaps: Iterable[Gap]) -> list[Gap]:
    return [gap for gap in gaps if gap.row.state in OPEN_STATES]
