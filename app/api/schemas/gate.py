"""Gold questions, what the gate found, and a release that is tried, as they go over the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from app.api.schemas.public import CitationBody, HistoryMessage, Page, Strict, between
from app.store.gate_reports import GateAnswerRow, GateReportRow, GateStatus
from app.store.gold import Gold, new_id
from app.store.turns.conversations import citation_fields
from pipeline.types import Message, Outcome, Question, Reply, Role

_Slug = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
_EntryIds = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=50)]


class _Expected(Strict):
    """Any of the entries is right; or, without entries, the outcome."""

    entry_ids: _EntryIds = Field(default_factory=list)
    outcome: Outcome | None = None

    @model_validator(mode="after")
    def _says_what_is_right(self) -> Self:
        if self.outcome is None and not self.entry_ids:
            raise ValueError("say what is right: entry_ids, or an outcome")
        if self.entry_ids and self.outcome not in (None, Outcome.ANSWERED):
            raise ValueError("entry_ids belong to the outcome answered alone")
        return self


class ExpectedBody(_Expected):
    """What is right for a turn that was wrong."""

    note: Annotated[str, between(0, 2_000)] = ""


class GoldRequest(_Expected):
    """A gold question. `id` is made where there is none."""

    id: _Slug | None = None
    question: Annotated[str, between(1, 4_000)]
    history: Annotated[list[HistoryMessage], Field(max_length=50)] = Field(default_factory=list)
    note: Annotated[str, between(0, 2_000)] = ""
    active: bool = True

    def to_gold(self, created_by: str, gold_id: str | None = None) -> Gold:
        return Gold(
            gold_id or self.id or new_id(),
            self.question,
            tuple(Message(Role(item.role), item.content) for item in self.history),
            tuple(dict.fromkeys(self.entry_ids)),
            self.outcome or Outcome.ANSWERED,
            self.note,
            created_by,
            self.active,
        )


class GoldBody(BaseModel):
    id: str
    question: str
    history: list[dict[str, str]]
    entry_ids: list[str]
    outcome: Outcome
    note: str
    created_by: str
    active: bool

    @classmethod
    def of(cls, gold: Gold) -> Self:
        history = [{"role": said.role.value, "content": said.text} for said in gold.history]
        return cls(
            id=gold.id,
            question=gold.question,
            history=history,
            entry_ids=list(gold.entry_ids),
            outcome=gold.outcome,
            note=gold.note,
            created_by=gold.created_by,
            active=gold.active,
        )


class GoldPageBody(Page):
    items: list[GoldBody]


class BarBody(BaseModel):
    """`found` of `of` would be lost, `allowed` may be; `questions` are the first of them."""

    name: str
    of: int
    allowed: int
    found: int
    fell: bool
    questions: list[str]
    sentence: str


class GateBody(BaseModel):
    """What the gate found of a candidate, against the release that was live. `reason`: why it was activated
    all the same."""

    status: GateStatus
    against: str
    reason: str
    counts: dict[str, int]
    bars: list[BarBody]
    seconds: float
    created_at: datetime

    @classmethod
    def of(cls, row: GateReportRow | None) -> Self | None:
        return cls(**row.model_dump(exclude={"release_id"})) if row is not None else None


class SaidBody(BaseModel):
    outcome: Outcome
    reply: str
    entry_ids: list[str]
    suggestions: list[str]
    fate: str | None


class DiffItem(BaseModel):
    """One question with both answers. `lost`: what was right, or liked, is no more."""

    source: Literal["gold", "rated", "touched", "recent"]
    ref: str
    verdict: str
    lost: bool
    question: str
    history: list[dict[str, str]]
    expected: dict[str, Any] | None
    rating: Literal["up", "down"] | None
    before: SaidBody
    after: SaidBody

    @classmethod
    def of(cls, row: GateAnswerRow) -> Self:
        known = row.model_dump(include={"source", "ref", "verdict", "lost"})
        return cls(**known, **row.detail)


class DiffBody(Page):
    release_id: str
    gate: GateBody
    items: list[DiffItem]


class ActivateRequest(Strict):
    """`force` takes a `reason`, which is kept."""

    force: bool = False
    reason: Annotated[str, between(0, 500)] = ""

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.force and not self.reason:
            raise ValueError("force needs a reason")
        return self


class TrialRequest(Strict):
    message: Annotated[str, between(1, 4_000)]
    history: Annotated[list[HistoryMessage], Field(max_length=50)] = Field(default_factory=list)

    def to_question(self) -> Question:
        return Question(self.message, tuple(Message(Role(item.role), item.content) for item in self.history))


class TrialBody(BaseModel):
    """The public reply of a release, and the ids of the entries that it cites."""

    release_id: str
    reply: str
    outcome: Outcome
    citations: list[CitationBody]
    suggestions: Sequence[str]
    entry_ids: list[str]

    @classmethod
    def of(cls, release_id: str, reply: Reply) -> Self:
        return cls(
            release_id=release_id,
            reply=reply.text,
            outcome=reply.outcome,
            citations=[CitationBody(**citation_fields(citation)) for citation in reply.citations],
            suggestions=reply.suggestions,
            entry_ids=list(dict.fromkeys(citation.entry_id for citation in reply.citations)),
        )
