"""What the widget says: the message files that come with it, and what the owner says in `widget.yaml`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from app.settings import SettingsError

FILE = "widget.yaml"
OWNERS_TEMPLATE = Path(__file__).parent / "owner.yaml"
MESSAGES = Path(__file__).parent / "messages"
FALLBACK = "en"
OWN = ("title", "greeting", "notice")
"""Messages that an owner will word, and that have a field of their own."""

Line = Annotated[str, Field(min_length=1, max_length=300)]
Language = Annotated[str, Field(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$")]


@cache
def shipped_messages() -> Mapping[str, Mapping[str, str]]:
    """The messages by language."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(MESSAGES.glob("*.json"))}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Topic(_Strict):
    name: Line
    questions: Annotated[list[Line], Field(min_length=1, max_length=6)]


class Texts(_Strict):
    """What the owner says in one language; what is left out comes from the message file."""

    title: Line | None = None
    greeting: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    notice: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    privacy_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    examples: Annotated[list[Line], Field(max_length=6)] | None = None
    topics: Annotated[list[Topic], Field(max_length=30)] | None = None
    messages: dict[str, str] = {}

    @field_validator("messages")
    @classmethod
    def _are_known(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(value.keys() - shipped_messages()[FALLBACK].keys())
        if unknown:
            raise ValueError(f"there is no message {', '.join(unknown)}")
        return value


class WidgetTexts(Texts):
    """The owner's file. `language` is that of the knowledge base, and of the widget where no page asks for
    another; `translations` are what the owner says in others."""

    language: Language = FALLBACK
    emergency_number: Annotated[str, Field(pattern=r"^\+?[\d ()/-]{2,20}$")] | None = None
    translations: dict[Language, Texts] = {}

    @model_validator(mode="after")
    def _is_in_no_language_twice(self) -> Self:
        if self.language in self.translations:
            raise ValueError(f"translations: {self.language!r} is the language of the file itself")
        return self

    @classmethod
    def read(cls, folder: Path) -> WidgetTexts:
        """What the owner's folder says; nothing where it has no such file. Raises `SettingsError`."""
        path = folder / FILE
        if not path.is_file():
            return cls()
        try:
            return cls.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, item['loc'])) or FILE}: {item['msg']}" for item in error.errors()]
            raise SettingsError(f"{path}: {'; '.join(wrong)}") from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from None

    def language_for(self, wanted: str) -> str:
        """The language that comes nearest to the one wanted: the same, the same without its region, or the
        owner's."""
        known = {name.lower(): name for name in (*shipped_messages(), self.language, *self.translations)}
        wanted = wanted.strip().replace("_", "-").lower()
        return known.get(wanted) or known.get(wanted.partition("-")[0]) or self.language

    def told(self, language: str) -> dict[str, Any]:
        """All that is said in a language, the message files' words under the owner's."""
        shipped = shipped_messages()
        base = language.partition("-")[0]
        own: Texts = self if language == self.language else self.translations.get(language, Texts())
        messages = {**shipped[FALLBACK], **shipped.get(base, {}), **own.messages}
        given = own.model_dump(
            exclude_none=True, exclude={"language", "emergency_number", "translations", "messages"}
        )
        default = {"privacy_url": self.privacy_url, "title": self.title} if own is not self else {}
        default = {name: value for name, value in default.items() if value}
        return {
            "privacy_url": None,
            "examples": None,
            "topics": None,
            **{name: messages.pop(name) for name in OWN},
            **default,
            **given,
            "messages": messages,
        }
