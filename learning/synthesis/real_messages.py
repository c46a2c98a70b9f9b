"""Real messages to measure how people type, from the public sets of the data folder or a file of one's
own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learning.synthesis.wording.noise_profile import MessageSource
from learning.training.config import TrainingFailed

_FIELDS = ("message", "query", "text")
_PUBLIC = (
    ("vaccine_faq/real_user_dev.jsonl", "CDLA-Sharing-1.0"),
    ("vaccine_faq/real_user_unlabelled_dev.jsonl", "CDLA-Sharing-1.0"),
    ("hint3/powerplay11_test.jsonl", "ODbL-1.0"),
)


@dataclass(frozen=True, slots=True)
class RealMessages:
    """What people typed, and where it is from."""

    texts: tuple[str, ...]
    sources: tuple[MessageSource, ...]


def read_real_messages(path: Path) -> RealMessages:
    """The public sets below a data folder; or a file: JSON lines with `message`, `query` or `text`, else a
    message a line. Raises `TrainingFailed` where there is none."""
    files = [(path / name, licence) for name, licence in _PUBLIC] if path.is_dir() else [(path, "own")]
    read = [(file, licence, [*_messages(file)]) for file, licence in files if file.is_file()]
    texts = tuple(text for _, _, found in read for text in found)
    if not texts:
        raise TrainingFailed(f"{path}: there are no messages to measure")
    named = (
        (file.name if path.is_file() else file.relative_to(path).with_suffix("").as_posix(), licence, found)
        for file, licence, found in read
    )
    return RealMessages(
        texts, tuple(MessageSource(name, licence, len(each)) for name, licence, each in named)
    )


def _messages(file: Path) -> Iterator[str]:
    """Raises `TrainingFailed`."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingFailed(f"{file} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            text = _text(json.loads(line)) if file.suffix in {".jsonl", ".ndjson"} else line
            if not text:
                raise TrainingFailed(f"{file} line {number}: there is no {', '.join(_FIELDS)}")
            yield text.strip()


def _text(row: dict[str, Any]) -> str:
    return next((str(row[name]) for name in _FIELDS if row.get(name)), "")
