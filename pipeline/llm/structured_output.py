"""Answers of a given shape: the schema that asks for one, and the strict reading of what comes back."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.errors import ModelOutputError

Answer = TypeVar("Answer", bound=BaseModel)
_NOT_IN_STRICT = ("default", "title", "minLength", "maxLength")
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?```", re.DOTALL | re.IGNORECASE)


def schema_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The shape's JSON schema as "strict" structured outputs want it: every field required, no others, and
    without the keywords that they refuse. What is left out here still holds when the answer is read."""
    strict = _strict(shape.model_json_schema())
    assert isinstance(strict, dict)  # noqa: S101
    return strict


def _strict(node: object) -> object:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key not in _NOT_IN_STRICT or isinstance(value, dict)}
    made = {key: _strict(value) for key, value in kept.items()}
    if isinstance(properties := made.get("properties"), dict):
        made |= {"required": list(properties), "additionalProperties": False}
    return made


def instruction(shape: type[BaseModel]) -> str:
    """For servers that take no schema."""
    schema = json.dumps(schema_of(shape), separators=(",", ":"), ensure_ascii=False)
    return f"Reply with one JSON object of this schema, and nothing else:\n{schema}"


def repair_request(shape: type[BaseModel], error: ModelOutputError) -> str:
    """What to say to a model whose answer could not be read."""
    return f"Your answer cannot be used: {error}. {instruction(shape)}"


def parse(text: str, shape: type[Answer]) -> Answer:
    """The JSON object in `text`, alone or in one code fence. Types are not converted, and nothing is searched
    for in prose: a guess would be trusted like an answer. Raises `ModelOutputError`."""
    bare = text.strip()
    if fenced := _FENCED.fullmatch(bare):
        bare = fenced[1]
    try:
        return shape.model_validate_json(bare, strict=True)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'reply'}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)[:3]
        )
        raise ModelOutputError(f"not the {shape.__name__} asked for: {wrong}") from None
