"""An entry as a form holds it, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from starlette.datastructures import FormData

from app.api.errors import Problem, problem_of
from app.curation.entry_making import free_id
from knowledge.errors import ImportRejected
from knowledge.importing.parsing import parse_record
from knowledge.importing.question_ids import id_of
from knowledge.types import UNWRITTEN, Entry, EntryStatus

EMPTY: dict[str, Any] = {
    "id": "",
    "topic": "",
    "question": "",
    "answer": "",
    "alternates": [],
    "misconceptions": [],
    "about": [],
    "not_about": [],
    "language": "",
    "translation_of": "",
    "sources": [],
    "reviewed_on": None,
    "valid_until": None,
    "review_by": None,
    "status": EntryStatus.DRAFT.value,
}


def record_from(form: FormData) -> dict[str, Any]:
    """The entry that a form holds, as a record. Lists have one item a line; a source its title, then its
    address."""
    given = {name: str(form.get(name, "")).strip() for name in EMPTY}
    lists = {name: _lines(given[name]) for name in ("alternates", "misconceptions", "about", "not_about")}
    days = {name: given[name] or None for name in ("reviewed_on", "valid_until", "review_by")}
    sources = [_source(line) for line in _lines(given["sources"])]
    kept = {"topic": given["topic"] or "general", "status": given["status"] or EMPTY["status"]}
    return {**given, **lists, **days, **kept, "sources": sources}


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a form shows it: an answer that is still to be written is none."""
    unwritten = record.get("answer") == UNWRITTEN
    return {**EMPTY, **record} | ({"answer": ""} if unwritten else {})


def entry_from_form(record: Mapping[str, Any], taken: Collection[str] = ()) -> Entry:
    """Raises `ImportRejected`. Where no id is given it is made of the question; `taken` are ids in use."""
    given = {name: value for name, value in record.items() if value is not None}
    if not given["answer"] and given["status"] == EntryStatus.DRAFT:
        given["answer"] = UNWRITTEN
    if not given["id"]:
        given["id"] = free_id(id_of(given["question"]), taken)
    return parse_record(given).entries[0]


def told(error: Exception) -> str:
    """What was wrong with it, in sentences."""
    if isinstance(error, ImportRejected):
        return " ".join(f"{each.detail[:1].upper()}{each.detail[1:]}." for each in error.errors)
    problem: Problem = problem_of(error)
    return str(problem.detail)


def _source(line: str) -> dict[str, str]:
    title, _, url = line.rpartition(" ")
    return {"title": title.strip(" |") or url, "url": url}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
