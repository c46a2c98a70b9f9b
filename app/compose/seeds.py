"""What the seeds folder gives the chain besides entries: its words, examples and lists, read in one place.
`knowledge.releases.calibration` reads its background itself, when a release is built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.compose.voice import learned_voice
from app.settings import Settings, SettingsError
from learning.voice.learning import accepted_phrases
from learning.voice.phrases import Phrases, learn_phrases
from learning.voice.small_talk import SmallTalk
from learning.voice.style import learn_style
from learning.voice.transcripts import Conversation, parse_transcripts
from pipeline.english.normalising import Slang
from pipeline.stages.gate.alarms import read_lexicon
from pipeline.stages.gate.exemplars import read_exemplars
from pipeline.voice import HouseVoice, StyleCard

_FAULTS = (OSError, ValueError, LookupError, TypeError, AttributeError, re.error, yaml.YAMLError)


@dataclass(frozen=True, slots=True)
class Seeds:
    """All that the chain takes from the seeds. `phrases` are what recurs in the example conversations, and
    `heard_in` names these; `transcripts` are their lines, which teach a manner and no facts. `topics` are
    labels by id, in the order of showing; `languages` what each calls itself, by code."""

    voice: HouseVoice
    phrases: Phrases
    heard_in: tuple[str, ...]
    style: StyleCard
    transcripts: tuple[str, ...]
    topics: Mapping[str, str]
    languages: Mapping[str, str]
    exemplars: dict[str, dict[str, list[str]]]
    lexicon: dict[str, re.Pattern[str]]
    slang: Slang

    @classmethod
    def read(cls, settings: Settings, conversations: Sequence[Conversation] | None = None) -> Seeds:
        """With other example conversations than those of the folder, where they are given. Raises
        `SettingsError` naming the file that is missing or cannot be used."""
        folder = settings.seeds_dir
        voice, topics, slang = (folder / f"{name}.yaml" for name in ("voice", "topics", "slang"))
        named = _named(folder, conversations)
        talks, exemplars = [talk for _, talk in named], _exemplars(folder)
        with naming(voice):
            words = _yaml(voice)
            small_talk = SmallTalk.of(exemplars["small_talk"], talks)
            heard = learn_phrases(talks, small_talk, accepted_phrases(words))
            learned = learned_voice(words, heard, settings)
            languages = {code: str(said["name"]) for code, said in words.get("other_language", {}).items()}
        with naming(topics):
            labels = {str(topic["id"]): str(topic["label"]) for topic in _yaml(topics)}
        with naming(slang):
            plain_words = Slang.load(slang)
        return cls(
            learned,
            heard,
            tuple(name for name, _ in named),
            learn_style(talks, heard),
            tuple(said.text for talk in talks for said in talk),
            labels,
            languages,
            exemplars,
            _lexicon(folder),
            plain_words,
        )


def _named(folder: Path, given: Sequence[Conversation] | None) -> list[tuple[str, Conversation]]:
    """The example conversations of the seeds, or those given instead, each with a name."""
    if given is None:
        return list(_conversations(folder / "conversations"))
    return [(f"conversation {number}", talk) for number, talk in enumerate(given, 1)]


def _exemplars(folder: Path) -> dict[str, dict[str, list[str]]]:
    with naming(folder / "small_talk.yaml", folder / "safety.yaml"):
        exemplars = read_exemplars(folder)
        for groups in exemplars.values():
            _check_texts(groups)
        return exemplars


def _lexicon(folder: Path) -> dict[str, re.Pattern[str]]:
    with naming(folder / "safety_lexicon.yaml"):
        return read_lexicon(folder)


def _conversations(folder: Path) -> Iterator[tuple[str, Conversation]]:
    """Each with the name of its file."""
    for file in sorted(folder.glob("*.txt")):
        with naming(file):
            parsed = parse_transcripts(file.read_text("utf-8"))
        yield from ((file.name, talk) for talk in parsed.conversations)


def _yaml(file: Path) -> Any:  # noqa: ANN401
    return yaml.safe_load(file.read_text("utf-8"))


def _check_texts(groups: Mapping[str, object]) -> None:
    """Raises `TypeError` unless every group is a list of texts."""
    for name, group in groups.items():
        if not isinstance(group, list) or not all(isinstance(text, str) for text in group):
            raise TypeError(f"{name} must be a list of texts")


@contextmanager
def naming(*files: Path) -> Iterator[None]:
    """Turns what may go wrong with a file into a `SettingsError` that names it; of several that are read
    together, the one that cannot be read, or all of them."""
    try:
        yield
    except _FAULTS as error:
        named = " or ".join(map(str, [file for file in files if not _is_readable(file)] or files))
        reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        raise SettingsError(f"CANDOR_SEEDS_DIR: {named} cannot be used: {reason}") from error


def _is_readable(file: Path) -> bool:
    try:
        _yaml(file)
    except _FAULTS:
        return False
    return True
