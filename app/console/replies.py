"""Replies as the widget gets them, for the views that show how users read one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.store.turns.conversations import ExchangeRow, citation_fields
from knowledge.blocks import read_blocks
from knowledge.types import Entry
from pipeline.stages.composing.answer_composer import laid_out
from pipeline.types import Outcome, Reply


def reply_json(reply: Reply) -> str:
    """A reply that was given."""
    citations = [citation_fields(citation) for citation in reply.citations]
    return _json(reply.text, reply.outcome.value, citations, reply.suggestions)


def exchange_json(exchange: ExchangeRow) -> str:
    """The same of one that is stored."""
    return _json(exchange.reply, exchange.outcome, exchange.citations, exchange.suggestions)


def preview_json(record: Mapping[str, Any]) -> str:
    """The reply that an entry will give where its answer is said whole: each block with its mark. `record` is
    the entry as it is being written."""
    entry = Entry(id=record["id"] or "new", question=record["question"], answer=record["answer"])
    source = next(iter(record["sources"]), None)
    cited = {"index": 1, "entry_id": entry.id, "title": entry.question, "url": source and source["url"]}
    text, citations = "", list[dict[str, Any]]()
    for sentence in laid_out(entry, read_blocks(entry.answer)):
        text += sentence.before if citations else ""
        start = len(text)
        text += sentence.text
        citations.append({**cited, "start": start, "end": len(text)})
        text += ("\n\n" if sentence.apart else "") + " [1]"
    return _json(text, Outcome.ANSWERED.value, citations, ())


def _json(text: str, outcome: str, citations: Sequence[Mapping[str, Any]], suggestions: Sequence[str]) -> str:
    given = {"reply": text, "outcome": outcome, "citations": citations, "suggestions": list(suggestions)}
    return json.dumps(given, ensure_ascii=False)
