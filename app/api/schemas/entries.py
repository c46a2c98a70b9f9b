"""An entry as `/openapi.json` describes it. `knowledge.importing.records` is what judges."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import WithJsonSchema

from knowledge.importing.records import (
    MAX_ANSWER,
    MAX_ID,
    MAX_ITEM,
    MAX_ITEMS,
    MAX_QUESTION,
    MAX_SOURCES,
    MAX_TITLE,
    MAX_TOPIC,
    MAX_URL,
)
from knowledge.types import EntryStatus

_Schema = dict[str, Any]
_PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x08\x0b-\x1f\x7f]*$"
_SLUG = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


def _text(most: int, pattern: str = _PLAIN) -> _Schema:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": pattern}


def _optional_text(most: int) -> _Schema:
    """Text that may be blank, and then stands for its default."""
    return _or_null({"type": "string", "maxLength": most, "pattern": r"^[^\x00-\x08\x0b-\x1f\x7f]*$"})


def _list(items: _Schema, most: int) -> _Schema:
    return _or_null({"type": "array", "items": items, "maxItems": most})


def _or_null(schema: _Schema) -> _Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_SOURCE: _Schema = {
    "type": "object",
    "properties": {
        "title": _optional_text(MAX_TITLE),
        "url": _or_null(
            {"type": "string", "maxLength": MAX_URL, "pattern": r"^$|^https?://[a-z0-9.-]+(/[!-~]*)?$"}
        ),
    },
    "anyOf": [
        {"required": ["url"], "properties": {"url": {"type": "string", "minLength": 1}}},
        {"required": ["title"], "properties": {"title": _text(MAX_TITLE)}},
    ],
}
_DAY: _Schema = {"anyOf": [{"type": "string", "format": "date"}, {"const": ""}, {"type": "null"}]}
_ENTRY: _Schema = {
    "title": "Entry",
    "type": "object",
    "properties": {
        "id": _text(MAX_ID, _SLUG),
        "topic": _optional_text(MAX_TOPIC),
        "question": _text(MAX_QUESTION),
        "answer": _text(MAX_ANSWER),
        "alternates": _list(_text(MAX_ITEM), MAX_ITEMS),
        "misconceptions": _list(_text(MAX_ITEM), MAX_ITEMS),
        "sources": _list(_SOURCE, MAX_SOURCES),
        "reviewed_on": _DAY,
        "valid_until": _DAY,
        "status": {"enum": [*EntryStatus, "archived", "", None]},
        "review_by": _DAY,
        "about": _list(_text(MAX_ITEM), MAX_ITEMS),
        "not_about": _list(_text(MAX_ITEM), MAX_ITEMS),
        "language": _or_null({"type": "string", "pattern": "^([A-Za-z]{2,3})?$"}),
        "translation_of": _or_null({"type": "string", "maxLength": MAX_ID, "pattern": f"^$|{_SLUG}"}),
    },
    "required": ["id", "question", "answer"],
    "additionalProperties": False,
}
NewEntry = Annotated[dict[str, Any], WithJsonSchema(_ENTRY)]
ChangedEntry = Annotated[dict[str, Any], WithJsonSchema({**_ENTRY, "required": ["question", "answer"]})]
"""Its id is in the address."""
_WHERE_SET = ("review_by", "about", "not_about", "language", "translation_of")
_ALWAYS = [name for name in _ENTRY["properties"] if name not in _WHERE_SET]
_WARNING: _Schema = {
    "type": "object",
    "properties": {"kind": {"type": "string"}, "detail": {"type": "string"}, "entry_id": {"type": "string"}},
    "required": ["kind", "detail"],
}
_SAVED: _Schema = {
    **_ENTRY,
    "properties": {**_ENTRY["properties"], "warnings": {"type": "array", "items": _WARNING}},
}
EntryBody = Annotated[dict[str, Any], WithJsonSchema({**_ENTRY, "required": _ALWAYS})]
"""As the service gives it."""
SavedEntry = Annotated[dict[str, Any], WithJsonSchema({**_SAVED, "required": _ALWAYS})]
"""As it was saved, with what its author should look at again, where there is anything."""
