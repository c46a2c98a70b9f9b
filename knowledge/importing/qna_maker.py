"""What QnA Maker and its successor write: a row for each wording, line breaks as a backslash and an n."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from knowledge.importing.collecting import Collector
from knowledge.importing.columns import SYNONYMS, Role
from knowledge.sheets.cells import is_yes
from knowledge.types import EntryStatus

Record = dict[str, Any]


def qna_records(rows: Iterable[tuple[int, Record]], collector: Collector) -> Iterator[tuple[int, Record]]:
    """The rows of one answer as one record: the first row's question, the others' as its alternates."""
    first: dict[str, tuple[int, Record]] = {}
    for line, record in rows:
        known_by, metadata = record.pop(Role.QNA_ID, None), record.pop(Role.METADATA, None)
        follow_up = is_yes(record.pop(Role.CONTEXT_ONLY, None))
        record["answer"] = _lines(record.get("answer"))
        record["question"] = _lines(record.get("question"))
        key = str(known_by or record["answer"])
        if key not in first:
            _put_topic(line, metadata, record, collector)
            if follow_up:
                record["status"] = EntryStatus.DRAFT.value
                collector.note("what only follows up another question was taken as a draft", line)
            record.setdefault("alternates", [])
            first[key] = line, record
        elif first[key][1]["answer"] != record["answer"]:
            collector.reject(line, f"it has the QnaId of line {first[key][0]}, and another answer")
        elif record["question"] not in (None, first[key][1]["question"]):
            first[key][1]["alternates"].append(record["question"])
    yield from first.values()


def _lines(text: str | None) -> str | None:
    return text and re.sub(r"\\r\\n|\\n", "\n", text).replace("\\t", "\t")


def _put_topic(line: int, metadata: str | None, record: Record, collector: Collector) -> None:
    """Metadata is `name:value`, several with | between them; one that names a topic is taken."""
    for pair in (metadata or "").split("|"):
        name, sign, value = pair.partition(":")
        if sign and name.strip().casefold() in SYNONYMS[Role.TOPIC] and not record.get("topic"):
            record["topic"] = value.strip()
        elif pair.strip():
            collector.note(f'metadata other than a topic was left out: "{pair.strip()[:40]}"', line)
