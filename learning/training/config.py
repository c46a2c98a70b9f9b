"""Training configurations: YAML files, checked against the dataclass of what is trained."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from knowledge.types import KnowledgeError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Share = Annotated[float, Field(ge=0, le=1)]
_Config = TypeVar("_Config", bound="DataclassInstance")
_STRICT = ConfigDict(extra="forbid")


class TrainingFailed(KnowledgeError):
    """A model cannot be trained or put in place. The message is for whoever ran the command."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How often a message is shown as people type: without capitals and closing mark, with a slip of a key,
    or with an apostrophe left out."""

    __pydantic_config__ = _STRICT

    careless: Share = 0.3
    slip: Share = 0.2
    no_apostrophe: Share = 0.2


@dataclass(frozen=True, slots=True)
class Views:
    """How often an entry is shown as its question alone, and as its question with a piece of its answer;
    otherwise as another message that it answers. Of the pieces, `inner` do not start at the beginning."""

    __pydantic_config__ = _STRICT

    question: Share = 0.3
    answer: Share = 0.45
    inner: Share = 0.4


@dataclass(frozen=True, slots=True)
class RetrieverConfig:
    """What a retriever is trained with.

    `data` maps names of `learning.training.corpora` to how often their messages are seen in an epoch (0.5:
    every second message). `held_back` is the share of the entries of the `measured` corpora that the measured
    model never sees. With `final`, a second model is trained on all entries, for the same number of steps per
    message, and takes the place of the measured one. `hard` is the share of a batch that is filled with
    messages about entries which the model confuses with the others. Of the `rounds`, each of `epochs` with a
    learning rate of its own course, every one begins with the confusions of the model as it then is. `blend`
    is the share of the base model in the averaged weights, which are then averaged in equal parts with those
    of the retriever in the folder `averaged_with`, where one is named: it must have the same base and not
    know the held-back entries. `base` is the name of a model or a folder."""

    data: dict[str, float]
    measured: tuple[str, ...]
    base: str = "all-MiniLM-L6-v2"
    base_licence: str = "Apache-2.0"
    name: str = "candor-retriever"
    seed: int = 1
    epochs: float = 2.0
    rounds: Annotated[int, Field(ge=1)] = 1
    batch: Annotated[int, Field(ge=4)] = 48
    learning_rate: float = 3e-5
    warmup: Share = 0.1
    scale: float = 20.0
    max_tokens: int = 96
    held_back: Share = 0.25
    final: bool = True
    hard: Share = 0.5
    blend: Share = 0.0
    averaged_with: str = ""
    save_steps: int = 100
    threads: int = 1
    views: Views = field(default_factory=Views)
    noise: Noise = field(default_factory=Noise)


def read_config(path: Path, of: type[_Config]) -> _Config:
    """The configuration in `path` as an `of`, a dataclass. Raises `TrainingFailed`, also for a name that it
    does not know."""
    try:
        given = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TrainingFailed(f"{path} cannot be read: {error}") from error
    known = {field.name for field in fields(of)}
    if isinstance(given, dict) and (unknown := sorted(map(str, given.keys() - known))):
        raise TrainingFailed(f"{path}: {', '.join(unknown)}: there is no such setting")
    try:
        return TypeAdapter(of).validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise TrainingFailed(f"{path}: {where or 'the file'}: {first['msg']}") from error
