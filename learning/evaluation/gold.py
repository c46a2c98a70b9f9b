"""Gold questions: what the service must answer, and from which entry, or must leave unanswered."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.types import Message, Outcome, Question, Role


class GoldError(ValueError):
    """A gold file cannot be used. The message names the file and the line."""


class Kind(StrEnum):
    """How a gold message is worded, or why it must not be answered."""

    PLAIN = "plain"
    MESSY = "messy"
    STATEMENT = "statement"  # states a false claim rather than asking
    FOLLOW_UP = "follow_up"  # cannot be understood without its history
    NEAR_DOMAIN = "near_domain"
    OFF_TOPIC = "off_topic"
    FRAGMENT = "fragment"
    SMALL_TALK = "small_talk"
    UNSAFE = "unsafe"
    INJECTION = "injection"
    CRISIS = "crisis"


class Side(StrEnum):
    """Half of the questions may be tuned on; the figure that counts is the other half's."""

    DEV = "dev"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """`entry_ids` are all entries that truly answer, the best one first; empty exactly when `expect` is
    another outcome than ANSWERED. `question` carries the message and its history."""

    id: str
    question: Question
    expect: Outcome
    kind: Kind
    entry_ids: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        return self.expect is Outcome.ANSWERED

    @property
    def side(self) -> Side:
        """Depends on the id alone: a question never changes sides."""
        return (Side.DEV, Side.HELD)[hashlib.sha256(self.id.encode()).digest()[0] % 2]


@dataclass(frozen=True, slots=True)
class GoldResult:
    """What became of a gold question. `cited` are entry ids in the order of their citation numbers."""

    gold: GoldQuestion
    outcome: Outcome
    cited: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """A right entry is cited; for a question that must not be answered: it was not."""
        if self.gold.answerable:
            return any(entry_id in self.gold.entry_ids for entry_id in self.cited)
        return self.outcome is not Outcome.ANSWERED

    @property
    def right_first(self) -> bool:
        return bool(self.cited) and self.cited[0] in self.gold.entry_ids


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `total`; as a number in 0..1, and 0 of nothing is 0."""

    hits: int
    total: int

    def __float__(self) -> float:
        return self.hits / self.total if self.total else 0.0

    def __str__(self) -> str:
        return f"{float(self):.3f} ({self.hits}/{self.total})"


@dataclass(frozen=True, slots=True)
class GoldFigures:
    """`right_cited`, `right_first` and `refused` are shares of the answerable questions, `not_answered` of
    the others, `exact` (the very outcome that was expected) of all. `by_kind`: right results of each kind."""

    right_cited: Share
    right_first: Share
    refused: Share
    not_answered: Share
    exact: Share
    by_kind: Mapping[Kind, Share]


def load_gold(path: Path) -> tuple[GoldQuestion, ...]:
    """The gold questions of a JSONL file, or of all such files in a folder. Raises `GoldError`."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    seen: dict[str, str] = {}
    questions: list[GoldQuestion] = []
    for place, line in _lines(files):
        try:
            gold = _Row.model_validate_json(line).to_gold()
        except ValidationError as error:
            raise GoldError(f"{place}: {_reason(error)}") from None
        if gold.id in seen:
            raise GoldError(f"{place}: the id {gold.id} was used at {seen[gold.id]}")
        seen[gold.id] = place
        questions.append(gold)
    if not questions:
        raise GoldError(f"{path}: no gold questions")
    return tuple(questions)


def score(results: Iterable[GoldResult]) -> GoldFigures:
    every = list(results)
    answerable = [result for result in every if result.gold.answerable]
    by_kind: dict[Kind, list[GoldResult]] = defaultdict(list)
    for result in every:
        by_kind[result.gold.kind].append(result)
    return GoldFigures(
        right_cited=_share(answerable, lambda result: result.right),
        right_first=_share(answerable, lambda result: result.right_first),
        refused=_share(answerable, lambda result: result.outcome is not Outcome.ANSWERED),
        not_answered=_share([r for r in every if not r.gold.answerable], lambda result: result.right),
        exact=_share(every, lambda result: result.outcome is result.gold.expect),
        by_kind={
            kind: _share(by_kind[kind], lambda result: result.right) for kind in Kind if kind in by_kind
        },
    )


def _share(results: list[GoldResult], holds: Callable[[GoldResult], bool]) -> Share:
    return Share(sum(map(holds, results)), len(results))


def _lines(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        try:
            lines = file.read_text("utf-8").split("\n")
        except OSError as error:
            raise GoldError(f"{file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise GoldError(f"{file}: not UTF-8") from None
        yield from (
            (f"{file.name} line {number}", line) for number, line in enumerate(lines, 1) if line.strip()
        )


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


_Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Said(_Strict):
    role: Role
    content: _Text


class _Row(_Strict):
    id: _Text
    message: _Text
    history: tuple[_Said, ...] = ()
    expect: Outcome
    entry_ids: tuple[_Text, ...] = ()
    kind: Kind

    @model_validator(mode="after")
    def _entries_fit(self) -> Self:
        if bool(self.entry_ids) is not (self.expect is Outcome.ANSWERED):
            raise ValueError("entry_ids belong to the questions that expect answered, and to these alone")
        return self

    def to_gold(self) -> GoldQuestion:
        history = tuple(Message(said.role, said.content) for said in self.history)
        return GoldQuestion(self.id, Question(self.message, history), self.expect, self.kind, self.entry_ids)
