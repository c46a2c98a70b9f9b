"""The records of a file, before anything is known about what they mean: text, JSON, CSV, front matter."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

_MAX_CELL = 1_000_000
_MAX_YAML_DEPTH = 20
_NO_FRONT_MATTER = "the file must begin with front matter between two lines of ---"


class Unreadable(ValueError):
    """A line that is no record at all; the message says why."""


class UnreadableAt(Unreadable):
    """Nothing after this line of the file can be read."""

    def __init__(self, line: int, detail: str) -> None:
        self.line = line
        super().__init__(detail)


def decode_line(line: bytes) -> str:
    """Raises `Unreadable`."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"not UTF-8 text: byte 0x{line[error.start]:02X} at position {error.start + 1}"
        raise Unreadable(detail) from None


def decode_file(data: bytes) -> str:
    """A whole file's text, without a byte order mark. Raises `UnreadableAt`."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableAt(line, f"not UTF-8 text: byte 0x{data[error.start]:02X}") from None


def json_value(text: str) -> object:
    """Raises `Unreadable`."""
    try:
        return json.loads(text, object_pairs_hook=_unique_names)
    except RecursionError:
        raise Unreadable("JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"not valid JSON: {error.msg.lower()}, at position {error.pos + 1}") from None
    except Unreadable:
        raise
    except ValueError:  # a number with thousands of digits
        raise Unreadable("not valid JSON: a number is too long") from None


def json_object(text: str) -> dict[str, Any]:
    """Raises `Unreadable`."""
    value = json_value(text)
    if not isinstance(value, dict):
        raise Unreadable("a line must be one JSON object, as in {...}")
    return value


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise Unreadable("a field is given twice in one object")
    return record


def csv_rows(text: str, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line it begins on. Raises `UnreadableAt`."""
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableAt(line, f"the row that begins here is broken: {error}") from None


def front_matter(text: str) -> dict[str, Any]:
    """The record of a Markdown file: its front matter, and its body as `answer`. Raises `UnreadableAt`."""
    import frontmatter
    import yaml

    handler = frontmatter.YAMLHandler()
    try:
        if not handler.detect(text.lstrip()):
            raise UnreadableAt(1, _NO_FRONT_MATTER)
        front, body = handler.split(text.lstrip())
        _refuse_deep_yaml(front)
        fields = handler.load(front)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        deep = "nesting" in str(getattr(error, "problem", ""))  # newer libyaml gives up by itself
        fault = "nested too deeply" if deep else "not valid YAML"
        raise UnreadableAt(mark.line + 1 if mark else 1, f"the front matter is {fault}") from None
    except Unreadable:
        raise
    except ValueError:  # no second line of ---, or a day that no calendar has
        raise UnreadableAt(1, f"{_NO_FRONT_MATTER}, and every day in it must exist") from None
    if not isinstance(fields, dict):
        raise UnreadableAt(1, _NO_FRONT_MATTER)
    if "answer" in fields:
        raise UnreadableAt(1, "the answer is the text below the front matter, not a field in it")
    return {**fields, "answer": body}


def _refuse_deep_yaml(front: str) -> None:
    """The C loader recurses without a limit, and would take the process down. Raises `UnreadableAt`."""
    import yaml

    depth = 0
    for event in yaml.parse(front, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_YAML_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise UnreadableAt(line, "the front matter is nested too deeply")
