"""Where in `.env` a setting stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import parse_stream


class EnvFileError(ValueError):
    """The file cannot be read; the message names it, and the line."""


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The names in a file, each with its line."""

    path: Path
    lines: Mapping[str, int]

    def place(self, name: str) -> str:
        """ "(.env, line 3)", or nothing where the name is not in the file."""
        line = next((line for given, line in self.lines.items() if given.upper() == name.upper()), None)
        return f" ({self.path}, line {line})" if line else ""


def read_env_file(path: Path) -> EnvFile:
    """Empty where there is no such file. Raises `EnvFileError` where a line is no `NAME=value`."""
    if not path.is_file():
        return EnvFile(path, {})
    lines: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8") as stream:
            for binding in parse_stream(stream):
                text = binding.original.string
                line = binding.original.line + len(text) - len(text.lstrip("\r\n"))
                if binding.error:
                    raise EnvFileError(f"{path}, line {line}: this is no NAME=value.")
                if binding.key is not None:
                    lines[binding.key] = line
    except UnicodeDecodeError:
        raise EnvFileError(f"{path} is not written in UTF-8.") from None
    return EnvFile(path, lines)
