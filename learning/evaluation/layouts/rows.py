"""Rows of JSON lines files, each checked against a model of what is needed of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class SuiteError(ValueError):
    """A suite cannot be used. The message names the folder or the file, and the line where there is one."""


class Foreign(BaseModel):
    """A row of somebody else's data: what is needed is checked, the rest is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)


_Row = TypeVar("_Row", bound=BaseModel)


def read_rows(file: Path, model: type[_Row]) -> Iterator[tuple[int, _Row]]:
    """Each row with the number of its line, counted from 1; blank lines are skipped. Raises `SuiteError`."""
    for number, line in _lines(file):
        try:
            yield number, model.model_validate_json(line)
        except ValidationError as error:
            raise SuiteError(f"{file} line {number}: {_reason(error)}") from None


def one_side(folder: Path, name: str) -> Path | None:
    """`NAME_held.jsonl` where there is one, otherwise `NAME_dev.jsonl`: in the folder itself or below it in
    `held/` or `dev/`. What was held back tells more, so it goes first. None where there is neither."""
    sides = (folder / place / f"{name}_{side}.jsonl" for side in ("held", "dev") for place in ("", side))
    return next((file for file in sides if file.is_file()), None)


def rows_of_side(folder: Path, name: str, model: type[_Row]) -> Iterator[tuple[str, _Row]]:
    """The rows of `one_side`, each with an id made of the file's name and the line; none without a file."""
    file = one_side(folder, name)
    if file is not None:
        yield from ((f"{file.stem}-{number}", row) for number, row in read_rows(file, model))


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise SuiteError(f"{file}: not UTF-8") from None
    except OSError as error:
        raise SuiteError(f"{file}: {error.strerror}") from None
    yield from ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
