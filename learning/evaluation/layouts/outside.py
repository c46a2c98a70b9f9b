"""Suites of messages that have nothing to do with the knowledge base."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field

from learning.evaluation.layouts.rows import Foreign, read_rows
from learning.evaluation.records import Case, Suite
from pipeline.types import Outcome, Question

_CHITCHAT = "chitchat"


class _Message(Foreign):
    text: Annotated[str, Field(validation_alias=AliasChoices("text", "question"))]
    domain: str = ""


def topic_gate(folder: Path) -> Suite:
    """Commands to assistants and banks, questions of general knowledge and chit-chat, put to the seeds'
    knowledge base; `kind` is the file, and the domain where rows name one."""
    cases = (case for file in sorted(folder.glob("*.jsonl")) for case in _messages(file))
    return Suite(folder.resolve().name, cases=tuple(cases))


def _messages(file: Path) -> Iterator[Case]:
    expect = Outcome.SMALL_TALK if file.stem == _CHITCHAT else None
    for number, row in read_rows(file, _Message):
        kind = f"{file.stem}/{row.domain}" if row.domain else file.stem
        yield Case(f"{file.stem}-{number}", Question(row.text), expect, kind)
