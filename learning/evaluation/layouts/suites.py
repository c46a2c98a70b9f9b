"""Suites from folders: this project's own layout, or one that an adapter knows.

A folder of our own layout holds

    kb.jsonl, or kb/       the entries, as `candor import` reads them; without either, kb/ beside the folder
    questions.jsonl        {"id", "message", "kind", "entry_ids"?, "all"?, "expect"?, "history"?, "rewrite"?,
                           "asked_at"?}
    relevance_pairs.jsonl  {"id", "text", "passage", "positive", "kind", "group"?}
    grounding_pairs.jsonl  the same

and at least one of the last three. `entry_ids` are all entries that answer, the best one first, and make the
question one to be answered; with `all` each of them is needed, since the message asks for each. Without
them `expect` may name the outcome (no_answer, off_topic, small_talk, clarify, declined), and where it does
not, anything but an answer will do. `history` is a list of {"role", "content"}, oldest first; `rewrite` a
person's standalone wording of a question with a history; `asked_at` is when it was said (ISO 8601). `kind`
groups rows in the reports: "crowd", or with a family in front "real/answerable". Pairs with the same `group`
are not independent of each other. In relevance pairs `text` is a question and `passage` may answer it; in
grounding pairs `text` is a sentence
and `passage` may support it.

Where there is a knowledge base, the passages of relevance pairs are its entries ("QUESTION ANSWER"); where
there is none, the passages themselves are made one. Without grounding pairs, altered sentences of the
entries take their place; without relevance pairs, the questions with the entries that answer them and with
those found that do not. Unknown fields, ids used twice and entries that do not
exist are errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.types import Entry
from learning.evaluation.altered_pairs import altered_pairs
from learning.evaluation.layouts.adapters import adapted
from learning.evaluation.layouts.passages import among_own_passages, passage_of, read_entries
from learning.evaluation.layouts.rows import SuiteError, read_rows
from learning.evaluation.records import Case, Pair, Suite
from pipeline.types import Message, Outcome, Question, Role

QUESTIONS, RELEVANCE, GROUNDING = "questions.jsonl", "relevance_pairs.jsonl", "grounding_pairs.jsonl"


def load_suite(folder: Path) -> Suite:
    """The suite in a folder, named after it. Raises `SuiteError`."""
    if not folder.is_dir():
        raise SuiteError(f"{folder}: there is no such folder")
    own = any((folder / name).exists() for name in (QUESTIONS, RELEVANCE, GROUNDING))
    suite = _own(folder) if own else adapted(folder)
    if not (suite.cases or suite.relevance_pairs or suite.grounding_pairs or suite.conversations):
        raise SuiteError(f"{folder}: the suite is empty")
    _refuse_repeated_ids(folder, suite)
    return suite


def _own(folder: Path) -> Suite:
    entries = _entries(folder)
    cases = tuple(_cases(folder / QUESTIONS, {entry.id for entry in entries}))
    relevance = tuple(_pairs(folder / RELEVANCE))
    if entries:
        _refuse_unknown_passages(folder / RELEVANCE, relevance, entries)
    else:
        entries, relevance = among_own_passages(relevance)
    grounding = tuple(_pairs(folder / GROUNDING)) or (altered_pairs(entries) if cases else ())
    return Suite(folder.resolve().name, entries, cases, relevance, grounding)


def _entries(folder: Path) -> tuple[Entry, ...]:
    places = (folder / "kb.jsonl", folder / "kb", folder.resolve().parent / "kb")
    found = next((path for path in places if path.exists()), None)
    if found is None and (folder / QUESTIONS).exists():
        raise SuiteError(f"{folder}: {QUESTIONS} needs a knowledge base, kb.jsonl or kb/")
    return read_entries(found) if found else ()


def _cases(file: Path, known: set[str]) -> Iterator[Case]:
    for number, row in read_rows(file, _Asked) if file.exists() else ():
        if unknown := set(row.entry_ids) - known:
            raise SuiteError(f"{file} line {number}: entry_ids: no entry is called {min(unknown)}")
        yield row.to_case()


def _pairs(file: Path) -> Iterator[Pair]:
    for _, row in read_rows(file, _Paired) if file.exists() else ():
        yield Pair(row.id, row.text, row.passage, row.positive, row.kind, row.group or row.id)


def _refuse_unknown_passages(file: Path, pairs: Iterable[Pair], entries: Iterable[Entry]) -> None:
    known = {passage_of(entry) for entry in entries}
    for pair in pairs:
        if pair.passage not in known:
            raise SuiteError(f"{file}: the passage of {pair.id} is not the question and answer of an entry")


def _refuse_repeated_ids(folder: Path, suite: Suite) -> None:
    for part in (suite.cases, suite.relevance_pairs, suite.grounding_pairs):
        seen: set[str] = set()
        for item in part:
            if item.id in seen:
                raise SuiteError(f"{folder}: the id {item.id} is used twice")
            seen.add(item.id)


_Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class _Said(_Strict):
    role: Role
    content: _Text


class _Asked(_Strict):
    id: _Text
    message: _Text
    kind: _Text
    entry_ids: tuple[_Text, ...] = ()
    all: Annotated[bool, Field(strict=True)] = False
    expect: Outcome | None = None
    history: tuple[_Said, ...] = ()
    rewrite: str = ""
    asked_at: datetime | None = None

    @model_validator(mode="after")
    def _entries_fit(self) -> Self:
        answered = self.expect is Outcome.ANSWERED
        if (answered and not self.entry_ids) or (self.entry_ids and self.expect and not answered):
            raise ValueError("entry_ids belong to the questions that expect answered, and to these alone")
        if self.all and len(self.entry_ids) < 2:
            raise ValueError("all belongs to questions that need at least two entries")
        return self

    def to_case(self) -> Case:
        history = tuple(Message(said.role, said.content) for said in self.history)
        expect = Outcome.ANSWERED if self.entry_ids else self.expect
        question = Question(self.message, history)
        asked_at = self.asked_at.astimezone(UTC).isoformat() if self.asked_at else ""
        return Case(self.id, question, expect, self.kind, self.entry_ids, self.rewrite, self.all, asked_at)


class _Paired(_Strict):
    id: _Text
    text: _Text
    passage: _Text
    positive: Annotated[bool, Field(strict=True)]
    kind: _Text
    group: str = ""
