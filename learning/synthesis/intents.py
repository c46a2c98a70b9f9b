"""What a message really asks, after its conversation: rows for the rewriter, from made-up conversations and
from those that the service has had."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.types import Entry
from learning.evaluation.layouts.rows import SuiteError
from learning.evaluation.layouts.suites import load_suite
from learning.training.config import TrainingFailed
from pipeline.stages.rewriting.context_dependence import stems
from pipeline.types import Message

SYNTHETIC, STORED = "synthetic", "stored"
_ENOUGH = 0.5  # of the words of what was asked: a message with as many stands alone


@dataclass(frozen=True, slots=True)
class Intent:
    """A message after its history, and the question that it asks, in full."""

    source: str
    conversation: str
    history: tuple[Message, ...]
    message: str
    question: str

    @property
    def needed(self) -> bool:
        """Whether the message has to be completed."""
        return self.question != self.message

    def row(self) -> dict[str, Any]:
        """As the rewriter's training reads it."""
        return {
            "dataset": self.source,
            "conversation_id": self.conversation,
            "turn": len(self.history) // 2 + 1,
            "history": [{"role": str(said.role), "text": said.text} for said in self.history],
            "utterance": self.message,
            "rewrite": self.question,
            "needs_rewrite": self.needed,
        }


def made_up(folder: Path) -> Iterator[Intent]:
    """From a set that `candor synthesize conversations` made: its follow-ups with their full question, its
    changes of subject as they are. Raises `TrainingFailed`."""
    try:
        cases = load_suite(folder).cases
    except SuiteError as error:
        raise TrainingFailed(str(error)) from error
    for case in cases:
        if case.question.history:
            leans = case.kind.rpartition("/")[2].removeprefix("withheld_") in {"pronoun", "ellipsis", "why"}
            asked = case.rewrite if leans else case.question.text
            yield Intent(SYNTHETIC, case.id, case.question.history, case.question.text, asked)


def stored(
    exchanges: Iterable[tuple[str, Sequence[Message], str, Sequence[str]]], entries: Mapping[str, Entry]
) -> Iterator[Intent]:
    """From exchanges whose answer a user confirmed: the conversation's id, what was said before, the message,
    and the ids of the entries that answered. What it asked is then the question of the first of these, unless
    it says so itself. One that neither itself nor with its history is near to that question tells nothing."""
    for conversation, history, message, entry_ids in exchanges:
        entry = next((entries[key] for key in entry_ids if key in entries), None)
        if entry is None or not history:
            continue
        wanted, said = stems(entry.question), stems(message)
        before = {word for each in history for word in stems(each.text)}
        if not wanted:
            continue
        if len(wanted & said) >= _ENOUGH * len(wanted):
            yield Intent(STORED, conversation, tuple(history), message, message)
        elif len(wanted & (said | before)) >= _ENOUGH * len(wanted):
            yield Intent(STORED, conversation, tuple(history), message, entry.question)


def write_intents(file: Path, intents: Iterable[Intent]) -> tuple[int, int]:
    """How many were written, and how many of those need their history. Raises `OSError`."""
    written = needed = 0
    with file.open("w", encoding="utf-8") as lines:
        for each in intents:
            lines.write(json.dumps(each.row(), ensure_ascii=False) + "\n")
            written += 1
            needed += each.needed
    return written, needed
