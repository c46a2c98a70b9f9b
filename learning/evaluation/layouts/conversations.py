"""Suites from conversations: questions that cannot be understood without what was said before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from knowledge.types import Entry
from learning.evaluation.layouts.passages import entry_of_passage
from learning.evaluation.layouts.rows import Foreign, SuiteError, read_rows, rows_of_side
from learning.evaluation.records import Case, Suite
from learning.voice.transcripts import Conversation, parse_transcripts
from pipeline.types import Message, Outcome, Question, Role

_INSTEAD = {
    "UNANSWERABLE": Outcome.NO_ANSWER,
    "UNDERSPECIFIED": Outcome.CLARIFY,
    "CONVERSATIONAL": Outcome.SMALL_TALK,
}


class _Said(Foreign):
    role: str
    text: str


class _Task(Foreign):
    id: str
    history: tuple[_Said, ...]
    question: str
    rewrite: str | None = None
    gold_passage_ids: tuple[str, ...]
    answerability: str


class _Passage(Foreign):
    id: str
    title: str
    text: str


class _Turn(Foreign):
    dataset: str
    history: tuple[_Said, ...]
    utterance: str
    rewrite: str
    needs_rewrite: bool
    persona_used: bool = False


def transcripts(folder: Path) -> Suite:
    """Example conversations in the voice that is wanted, as the seeds hold them."""
    files = {talk: name for name, talk in _transcripts(folder)}
    return Suite(folder.resolve().name, conversations=tuple(files), files=files)


def _transcripts(folder: Path) -> Iterator[tuple[str, Conversation]]:
    for file in sorted(folder.glob("*.txt")):
        parsed = parse_transcripts(file.read_text("utf-8", "replace"))
        for line in parsed.unreadable:
            raise SuiteError(f"{file} line {line.number}: {line.reason}")
        yield from ((file.name, talk) for talk in parsed.conversations)


def mtrag(folder: Path) -> Suite:
    """Tasks of multi-turn retrieval; each reference passage is an entry."""
    passages = [row for _, row in rows_of_side(folder, "kb", _Passage)]
    titled = Counter(passage.title for passage in passages)
    entries = tuple(_entry(passage, alone=titled[passage.title] == 1) for passage in passages)
    cases = tuple(_task(row) for _, row in rows_of_side(folder, "tasks", _Task))
    return Suite(folder.resolve().name, entries, cases)


def rewriting_files(folder: Path) -> list[Path]:
    """The files of conversational questions: of the held-back side where there are any."""
    sides = (sorted(folder.glob(f"{side}_*.jsonl")) for side in ("held", "dev"))
    return next((files for files in sides if files), [])


def rewriting(folder: Path) -> Suite:
    """Questions with a human's standalone wording. As there is nothing to search, the distinct human wordings
    are the entries: the question asked in its conversation has to find the one that says what it means.
    Wordings that use facts from outside their conversation are left out."""
    turns = [
        (f"{file.stem}-{number}", turn)
        for file in rewriting_files(folder)
        for number, turn in read_rows(file, _Turn)
        if not turn.persona_used
    ]
    ids: dict[str, str] = {}
    for _, turn in turns:
        ids.setdefault(turn.rewrite, f"wording-{len(ids):05}")
    entries = tuple(Entry(entry_id, wording, wording) for wording, entry_id in ids.items())
    return Suite(
        folder.resolve().name, entries, tuple(_turn(place, turn, ids[turn.rewrite]) for place, turn in turns)
    )


def _entry(passage: _Passage, *, alone: bool) -> Entry:
    """A title that several passages bear tells them apart no better than a question asked by all would."""
    if alone and passage.title:
        return Entry(passage.id, passage.title, passage.text)
    return entry_of_passage(passage.id, passage.text)


def _task(row: _Task) -> Case:
    answered = row.answerability not in _INSTEAD and bool(row.gold_passage_ids)
    return Case(
        row.id,
        Question(row.question, _history(row.history)),
        Outcome.ANSWERED if answered else _INSTEAD.get(row.answerability),
        row.answerability.lower(),
        row.gold_passage_ids if answered else (),
        row.rewrite or "" if row.history else "",
    )


def _turn(place: str, turn: _Turn, entry_id: str) -> Case:
    """Where a question stands alone, its human wording is the question, though some were polished."""
    history = _history(turn.history)
    wording = turn.rewrite if turn.needs_rewrite else turn.utterance
    return Case(
        place,
        Question(turn.utterance, history),
        Outcome.ANSWERED,
        turn.dataset,
        (entry_id,),
        wording if history else "",
    )


def _history(said: Sequence[_Said]) -> tuple[Message, ...]:
    """What was said in public: some data sets put a heading in front of it."""
    roles = set(Role)
    return tuple(Message(Role(each.role), each.text) for each in said if each.role in roles and each.text)
