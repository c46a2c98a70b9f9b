"""Gaps, ratings and suggested wordings as the admin side gives them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.entries import EntryBody
from app.api.schemas.public import between
from app.curation.asked import Asked, Kind
from app.curation.clusters import Per
from app.curation.gap_report import Gap
from app.curation.gap_store import GapState
from app.curation.suggestions import Suggestion
from app.store.turns.conversations import Rating
from knowledge.importing.records import MAX_ANSWER, MAX_QUESTION, MAX_TOPIC
from knowledge.types import Hit
from pipeline.types import Outcome

MOST_SHOWN = 500
"""Messages of a gap that are shown with it, the newest ones."""


class Page(BaseModel):
    total: int
    offset: int
    limit: int


class NearestEntry(BaseModel):
    entry_id: str
    question: str
    score: float
    cosine: float

    @classmethod
    def of(cls, hit: Hit) -> Self:
        return cls(
            entry_id=hit.entry.id,
            question=hit.entry.question,
            score=round(hit.score, 4),
            cosine=round(max(hit.question_cosine, hit.answer_cosine), 4),
        )


class CitedEntry(BaseModel):
    entry_id: str
    count: int


class CountedDay(BaseModel):
    """How many messages a day, or a week from its Monday."""

    start: date
    count: int


class GapBody(BaseModel):
    """`count` messages in so many `conversations`, of the time that was asked for. `nearest` are entries that
    are live, `cited` those that replies to it cited. `entry_id` is the entry made or worded for it,
    `closed_by` the release that answers it."""

    id: str
    name: str
    state: GapState
    kinds: dict[Kind, int]
    count: int
    conversations: int
    first_at: datetime
    last_at: datetime
    series: list[CountedDay]
    nearest: list[NearestEntry]
    cited: list[CitedEntry]
    entry_id: str | None
    closed_by: str | None
    changed_at: datetime

    @classmethod
    def of(cls, gap: Gap, nearest: Sequence[Hit], per: Per) -> Self:
        return cls(**_fields(gap, nearest, per))


class GapMessage(BaseModel):
    """`query` is what a follow-up asks by itself, where that is not its own words."""

    message_id: str
    conversation_id: str
    at: datetime
    message: str
    query: str | None
    kind: Kind
    outcome: Outcome
    rating: Rating | None
    trace: str

    @classmethod
    def of(cls, asked: Asked) -> Self:
        return cls(
            message_id=asked.message_id,
            conversation_id=asked.conversation_id,
            at=asked.at,
            message=asked.message,
            query=asked.text if asked.text != asked.message else None,
            kind=asked.kind,
            outcome=Outcome(asked.outcome),
            rating=Rating(asked.rating) if asked.rating else None,
            trace=f"/admin/turns/{asked.message_id}",
        )


class RelatedGap(BaseModel):
    """`cosine` is the mean one between its wordings and those of the gap that it is beside."""

    id: str
    name: str
    state: GapState
    count: int
    cosine: float


class WholeGapBody(GapBody):
    """With its messages, newest first, at most 500 of them; `wordings` are what can become alternates,
    `related` other gaps that may ask the same."""

    messages: list[GapMessage]
    wordings: list[str]
    related: list[RelatedGap]

    @classmethod
    def whole(
        cls,
        gap: Gap,
        nearest: Sequence[Hit],
        per: Per,
        wordings: list[str],
        related: Sequence[tuple[Gap, float]],
    ) -> Self:
        newest = sorted(gap.cluster.messages, key=lambda each: each.at, reverse=True)[:MOST_SHOWN]
        others = [
            RelatedGap(
                id=other.row.id,
                name=other.cluster.name,
                state=GapState(other.row.state),
                count=len(other.cluster.messages),
                cosine=round(cosine, 4),
            )
            for other, cosine in related
        ]
        messages = [GapMessage.of(each) for each in newest]
        return cls(**_fields(gap, nearest, per), messages=messages, wordings=wordings, related=others)


def _fields(gap: Gap, nearest: Sequence[Hit], per: Per) -> dict[str, Any]:
    return {
        "id": gap.row.id,
        "name": gap.cluster.name,
        "state": GapState(gap.row.state),
        "kinds": dict(gap.kinds),
        "count": len(gap.cluster.messages),
        "conversations": gap.conversations,
        "first_at": gap.first_at,
        "last_at": gap.last_at,
        "series": [CountedDay(start=start, count=count) for start, count in gap.cluster.series(per)],
        "nearest": [NearestEntry.of(hit) for hit in nearest],
        "cited": [CitedEntry(entry_id=entry_id, count=count) for entry_id, count in gap.cited[:5]],
        "entry_id": gap.row.entry_id,
        "closed_by": gap.row.release_id,
        "changed_at": gap.row.changed_at,
    }


class GapPageBody(Page):
    items: list[GapBody]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=200)]


class DraftRequest(Strict):
    """What a curator gives for the draft; the rest comes from the gap. `messages` are ids of its messages
    that become alternates; by default, the most central ones do."""

    question: Annotated[str, between(0, MAX_QUESTION)] | None = None
    answer: Annotated[str, between(0, MAX_ANSWER)] | None = None
    topic: Annotated[str, between(0, MAX_TOPIC)] | None = None
    messages: _Ids | None = None


class SearchRequest(Strict):
    """`query` is what the listed sites are asked; by default, what the gap is named by."""

    query: Annotated[str, between(1, MAX_QUESTION)] | None = None


class SearchBody(BaseModel):
    """A search of the listed sites; `entry_id` is the gap's entry, once there is one. `counts` tell the pages
    that were read, the passages that are quoted, and what was left out."""

    job_id: str
    status: str
    progress: float
    doing: str
    counts: dict[str, int]
    error: str | None
    entry_id: str | None


class WordingsRequest(Strict):
    """`messages` are ids of messages of the gap; by default, its most central ones are taken."""

    entry_id: Annotated[str, Field(min_length=1, max_length=100)]
    messages: Annotated[_Ids, Field(min_length=1)] | None = None


class WrittenDraftBody(BaseModel):
    """A draft that a language model wrote from the entries `based_on`; some of those may be drafts too."""

    entry: EntryBody
    model: str
    based_on: list[str]


class FeedbackBody(BaseModel):
    """A rating with what was asked and said; `trace` is empty where that turn's is not kept."""

    message_id: str
    conversation_id: str
    rating: Rating
    comment: str | None
    rated_at: datetime
    asked_at: datetime
    message: str
    reply: str
    outcome: Outcome
    entry_ids: list[str]
    release_id: str | None
    trace: str | None


class FeedbackPageBody(Page):
    items: list[FeedbackBody]


class SuggestionBody(BaseModel):
    """A wording for an entry: users `chosen` the entry so often after it, and `rated_up` its answer.
    `rivals` are other entries that were chosen after the same words."""

    id: str
    entry_id: str
    question: str
    text: str
    chosen: int
    rated_up: int
    last_at: datetime
    message_ids: list[str]
    rivals: list[str]

    @classmethod
    def of(cls, found: Suggestion) -> Self:
        return cls(
            id=found.id,
            entry_id=found.entry.id,
            question=found.entry.question,
            text=found.text,
            chosen=found.chosen,
            rated_up=found.rated_up,
            last_at=found.last_at,
            message_ids=found.message_ids[:MOST_SHOWN],
            rivals=found.rivals,
        )


class SuggestionPageBody(Page):
    items: list[SuggestionBody]
