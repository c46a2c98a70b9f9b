"""Suites from knowledge bases of questions and answers, with the messages that people put to them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from knowledge.types import Entry
from learning.evaluation.altered_pairs import altered_pairs
from learning.evaluation.layouts.passages import passage_of, read_entries
from learning.evaluation.layouts.rows import Foreign, SuiteError, read_rows, rows_of_side
from learning.evaluation.records import Case, Pair, Suite
from pipeline.types import Outcome, Question

_LEFT_OUT = "exact_kb_question"  # an entry's own words: no test
_NO_ENTRY = "in_domain_no_kb_answer"
_REAL = {
    _NO_ENTRY: Outcome.NO_ANSWER,
    "needs_context_or_fragment": Outcome.CLARIFY,
    "smalltalk_or_about_bot": Outcome.SMALL_TALK,
}
_ANSWERED = ("answerable", "partly_answerable")
_OUTSIDE = {"off_topic": Outcome.OFF_TOPIC, "smalltalk": Outcome.SMALL_TALK}
_ACTS: Mapping[str, Outcome | None] = {
    "greeting": Outcome.SMALL_TALK,
    "farewell": Outcome.SMALL_TALK,
    "positive_reaction": None,
    "negative_reaction": None,
}
"""The other acts are questions without a known answer, or anything at all."""
_RELEVANT = 2  # least grade of a passage that answers, if incompletely
_MOST_ALTERNATES, _LONGEST_ALTERNATE = 200, 500


class _Asked(Foreign):
    query: str
    kb_ids: tuple[str, ...] = ()
    kind: str = ""
    label: str = ""


class _Act(Foreign):
    text: str
    label: str


class _Graded(Foreign):
    id: str
    message: str
    grades: dict[str, int]


class _GradedPair(Foreign):
    question_id: str
    question: str
    passage_id: str
    relevant: bool


class _SamePair(Foreign):
    question_1: str
    question_2: str
    same_meaning: bool


class _Intended(Foreign):
    text: str
    intent: str | None
    in_scope: bool = True


def vaccine_faq(folder: Path) -> Suite:
    """Crowd questions, labelled real messages, messages from outside and reactions; `kind` names the label,
    with its family in front: real/answerable, outside/off_topic, act/greeting."""
    cases = (*_crowd(folder), *_real(folder), *_outside(folder), *_acts(folder))
    entries = read_entries(folder / "kb.jsonl")
    return Suite(folder.resolve().name, entries, cases, grounding_pairs=altered_pairs(entries))


def covid_faq(folder: Path) -> Suite:
    """Paraphrases of entries' questions; and question pairs as pairs of a question and an entry."""
    entries = read_entries(folder / "kb.jsonl")
    by_question = {entry.question: entry for entry in entries}
    pairs = tuple(
        Pair(place, row.question_2, passage_of(entry), row.same_meaning, "paraphrase", entry.id)
        for place, row in rows_of_side(folder, "question_pairs", _SamePair)
        if (entry := by_question.get(row.question_1)) and row.question_2 != row.question_1
    )
    return Suite(folder.resolve().name, entries, tuple(_crowd(folder)), pairs)


def medquad(folder: Path) -> Suite:
    """Consumers' mails, and passages graded by experts."""
    entries = {entry.id: entry for entry in read_entries(folder / "kb.jsonl")}
    mails = tuple(_mail(row, entries) for _, row in rows_of_side(folder, "queries", _Graded))
    pairs = tuple(
        Pair(place, row.question, passage_of(entry), row.relevant, "graded", row.question_id)
        for place, row in rows_of_side(folder, "relevance_pairs", _GradedPair)
        if (entry := entries.get(row.passage_id))
    )
    return Suite(folder.resolve().name, tuple(entries.values()), mails, pairs)


def hint3(folder: Path) -> Suite:
    """Live messages to customer-service bots. Each intent is an entry; as the data has no answers, its
    curated phrasings stand in for one."""
    entries: list[Entry] = []
    cases: list[Case] = []
    for train in sorted(folder.glob("*_train.jsonl")):
        bot = train.stem.removesuffix("_train")
        own = _intents(train, bot)
        entries += own.values()
        for number, row in read_rows(folder / f"{bot}_test.jsonl", _Intended):
            entry = own.get(row.intent or "") if row.in_scope else None
            kind = f"{bot}/{'in_scope' if entry else 'out_of_scope'}"
            cases.append(_case(f"{bot}-{number}", row.text, kind, (entry.id,) if entry else ()))
    return Suite(folder.resolve().name, tuple(entries), tuple(cases))


def _case(
    case_id: str, message: str, kind: str, entry_ids: tuple[str, ...] = (), otherwise: Outcome | None = None
) -> Case:
    """A case to be answered where entries are named; where not, `otherwise` should happen."""
    expect = Outcome.ANSWERED if entry_ids else otherwise
    return Case(case_id, Question(message), expect, kind, entry_ids)


def _crowd(folder: Path) -> Iterator[Case]:
    for place, row in rows_of_side(folder, "queries", _Asked):
        if row.kind != _LEFT_OUT:
            otherwise = Outcome.NO_ANSWER if row.kind == _NO_ENTRY else None
            yield _case(place, row.query, row.kind or "crowd", row.kb_ids, otherwise)


def _real(folder: Path) -> Iterator[Case]:
    for place, row in rows_of_side(folder, "real_user", _Asked):
        entry_ids = row.kb_ids if row.label in _ANSWERED else ()
        yield _case(place, row.query, f"real/{row.label}", entry_ids, _REAL.get(row.label))


def _outside(folder: Path) -> Iterator[Case]:
    for place, row in rows_of_side(folder, "out_of_scope", _Asked):
        yield _case(place, row.query, f"outside/{row.label}", otherwise=_OUTSIDE.get(row.label))


def _acts(folder: Path) -> Iterator[Case]:
    for place, row in rows_of_side(folder, "dialog_acts", _Act):
        if row.label in _ACTS:
            yield _case(place, row.text, f"act/{row.label}", otherwise=_ACTS[row.label])


def _mail(row: _Graded, entries: Mapping[str, Entry]) -> Case:
    known = (entry_id for entry_id, grade in row.grades.items() if grade >= _RELEVANT and entry_id in entries)
    best_first = tuple(sorted(known, key=lambda entry_id: -row.grades[entry_id]))
    return _case(row.id, row.message, "mail", best_first, Outcome.NO_ANSWER)


def _intents(train: Path, bot: str) -> dict[str, Entry]:
    phrasings: dict[str, list[str]] = defaultdict(list)
    for _, row in read_rows(train, _Intended):
        if row.intent:
            phrasings[row.intent].append(row.text)
    if not phrasings:
        raise SuiteError(f"{train}: no intents")
    return {intent: intent_entry(f"{bot}.{intent}", texts) for intent, texts in phrasings.items()}


def intent_entry(name: str, texts: Iterable[str]) -> Entry:
    """An intent of a bot as an entry; as there is no answer, its phrasings stand in for one."""
    first, *others = (text[:_LONGEST_ALTERNATE] for text in texts)
    answer = "\n".join(f"{text.rstrip('.?! ')}." for text in (first, *others))
    return Entry(
        re.sub(r"[^\w.-]", "-", name, flags=re.ASCII),
        first,
        answer,
        alternates=tuple(others[:_MOST_ALTERNATES]),
    )
