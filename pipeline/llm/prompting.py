"""Prompts: a file each under `pipeline/prompts/`, rendered by one function, known by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.types import Message

_FOLDER = Path(__file__).parent.parent / "prompts"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is sent. `system` is the same for every turn, so that servers can keep it cached;
    `messages` are what changes, the last one the user's. `version` is the hash of the prompt's file."""

    name: str
    version: str
    system: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One file of instructions. `name` is that of its stage."""

    name: str
    text: str

    @classmethod
    def read(cls, name: str) -> PromptFile:
        return cls(name, (_FOLDER / f"{name}.md").read_text("utf-8").strip())

    @property
    def version(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    def render(self, messages: Sequence[Message], fixed: Mapping[str, str] | None = None) -> Prompt:
        """The prompt with `messages`; each `{{name}}` in the file gives way to `fixed[name]`, the same
        for all turns, so that the beginning of all prompts of a stage stays the same."""
        system = self.text
        for name, value in (fixed or {}).items():
            system = system.replace("{{" + name + "}}", value)
        return Prompt(self.name, self.version, system, tuple(messages))
