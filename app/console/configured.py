"""The settings of this process as an admin may see them: what holds, where it comes from, and no secret."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import SecretStr

from app.env_file import EnvFile, EnvFileError, read_env_file
from app.setting_texts import default_of, fields_by_path, text_of
from app.settings import Settings, name_of

ENVIRONMENT, FILE, DEFAULT = "environment", ".env", "default"
ORIGINS = (ENVIRONMENT, FILE, DEFAULT)
_MASK = "••••••"
_ENV_FILE = Path(".env")


@dataclass(frozen=True, slots=True)
class Configured:
    """One setting. `line` is the one of the file that it is set on, or 0."""

    name: str
    description: str
    value: str
    default: str
    origin: str
    line: int = 0


def configured(settings: Settings, env_file: Path = _ENV_FILE) -> Iterator[Configured]:
    """All of them, in the order of the code. What stands in `env_file` by now may differ from what was read
    at start: the value shown is the one that holds."""
    try:
        file = read_env_file(env_file)
    except EnvFileError:
        file = EnvFile(env_file, {})
    environment = {name.upper() for name, value in os.environ.items() if value}
    filled = {name for name, value in dotenv_values(env_file).items() if value}
    lines = {name.upper(): line for name, line in file.lines.items() if name in filled}
    for path, field in fields_by_path():
        name = name_of(*path)
        value: object = settings
        for part in path:
            value = getattr(value, part)
        origin, line = _origin((name, name_of(path[0])), environment, lines)
        default = default_of(name, field).replace("`", "")
        yield Configured(name, field.description or "", shown(value), default, origin, line)


def _origin(names: tuple[str, ...], environment: set[str], lines: dict[str, int]) -> tuple[str, int]:
    """A field of a group may be set by its own name, or with the whole group."""
    if any(name in environment for name in names):
        return ENVIRONMENT, 0
    line = next((lines[name] for name in names if name in lines), 0)
    return (FILE, line) if line else (DEFAULT, 0)


def shown(value: object) -> str:
    """A value without what nobody should read over somebody's shoulder: secrets, and passwords in URLs."""
    if isinstance(value, SecretStr):
        return _MASK
    text = text_of(value)
    if "://" in text and "@" in text:
        before, _, after = text.partition("://")
        account, _, place = after.rpartition("@")
        user, secret, _ = account.partition(":")
        text = f"{before}://{user}{f':{_MASK}' if secret else ''}@{place}"
        if "?" in place:  # passwords may be given there too
            text = text.partition("?")[0] + f"?{_MASK}"
    elif "://" in text and urlsplit(text).query:
        text = f"{text.partition('?')[0]}?{_MASK}"
    return text
