"""Example conversations from files: `Chatbot:` / `User:` text, JSON lines of messages, CSV exports.

JSON lines hold one conversation a line, as {"messages": [{"role", "content"}, ...]} or the bare list; or one
message a line, with `conversation_id`, `role` and `content`. A CSV export has a row for each message, its
columns named as in `COLUMNS`; without a column of conversations, all rows are one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from knowledge.importing.reading import Unreadable, UnreadableAt, csv_rows, decode_file, decode_line
from learning.voice.transcripts import Conversation, Transcripts, UnreadableLine, parse_transcripts
from pipeline.types import Message, Role

COLUMNS = {
    "conversation": (
        "conversation_id",
        "conversation",
        "dialog_id",
        "dialogue_id",
        "session_id",
        "thread_id",
    ),
    "speaker": ("role", "speaker", "author", "sender", "from"),
    "text": ("content", "text", "message", "utterance", "body"),
}
_UNHEARD = frozenset({"system", "developer", "tool", "function"})  # not part of what was said


class NoTranscripts(ValueError):
    """A path holds nothing that could be read as a conversation. The message says why."""


@dataclass(frozen=True, slots=True)
class Speakers:
    """The names of the two sides in the files; `user` and `assistant` are always known too."""

    chatbot: str = "Chatbot"
    user: str = "User"

    def role(self, name: str) -> Role | None:
        known = {self.chatbot: Role.ASSISTANT, self.user: Role.USER} | {role.value: role for role in Role}
        return {each.casefold(): role for each, role in known.items()}.get(name.strip().casefold())


def read_transcripts(path: Path, speakers: Speakers | None = None) -> Transcripts:
    """The conversations of a .txt, .jsonl, .ndjson or .csv file, or of those in a folder, in path order, and
    the lines that could not be read. Raises `NoTranscripts` and `OSError`."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    readable = [file for file in files if file.suffix.lower() in _READERS]
    if not path.exists() or not readable:
        known = ", ".join(_READERS)
        raise NoTranscripts(f"{path} is not a {known} file, nor a folder that holds one")
    talks: list[Conversation] = []
    unreadable: list[UnreadableLine] = []
    for file in readable:
        found = parse_file(file.suffix, file.read_bytes(), speakers or Speakers())
        talks += found.conversations
        unreadable += (replace(line, file=str(file)) for line in found.unreadable)
    return Transcripts(tuple(talks), tuple(unreadable))


def parse_file(suffix: str, data: bytes, speakers: Speakers) -> Transcripts:
    """What a file of this suffix holds. Text that is not UTF-8 is reported and left out whole."""
    try:
        return _READERS[suffix.lower()](data, speakers)
    except UnreadableAt as error:
        return Transcripts((), (UnreadableLine(error.line, str(error)),))


@dataclass(slots=True)
class _Gathered:
    """Messages by conversation, in the order in which the conversations begin."""

    speakers: Speakers
    talks: dict[str, list[Message]] = field(default_factory=dict)
    unreadable: list[UnreadableLine] = field(default_factory=list)

    def add(self, line: int, talk: str, speaker: object, text: object) -> None:
        role = self.speakers.role(speaker) if isinstance(speaker, str) else None
        if isinstance(speaker, str) and speaker.strip().casefold() in _UNHEARD:
            return
        if role is None:
            self.reject(
                line, f"names an unknown speaker: {speaker}" if speaker is not None else "has no speaker"
            )
        elif not (words := _words(text)):
            self.reject(line, "has a speaker but no words")
        else:
            self.talks.setdefault(talk, []).append(Message(role, words))

    def reject(self, line: int, reason: str) -> None:
        self.unreadable.append(UnreadableLine(line, reason))

    def finish(self) -> Transcripts:
        return Transcripts(tuple(map(tuple, self.talks.values())), tuple(self.unreadable))


def _words(content: object) -> str:
    """The text of a message; of one in parts, that of its text parts."""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        content = "\n".join(part for part in parts if isinstance(part, str))
    return content.strip() if isinstance(content, str) else ""


def _text(data: bytes, speakers: Speakers) -> Transcripts:
    return parse_transcripts(decode_file(data), chatbot=speakers.chatbot, user=speakers.user)


def _json_lines(data: bytes, speakers: Speakers) -> Transcripts:
    import json

    gathered = _Gathered(speakers)
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            text = decode_line(line).removeprefix("\ufeff").strip()
            if text:
                _take_json(gathered, number, json.loads(text))
        except Unreadable as error:
            gathered.reject(number, str(error))
        except (json.JSONDecodeError, RecursionError):
            gathered.reject(number, "is not JSON")
    return gathered.finish()


def _take_json(gathered: _Gathered, number: int, row: object) -> None:
    messages = row.get("messages") if isinstance(row, Mapping) else row
    if isinstance(messages, list):
        for said in messages:
            if isinstance(said, Mapping):
                gathered.add(number, f"line {number}", _cell(said, "speaker"), _cell(said, "text"))
            else:
                gathered.reject(number, "holds something that is no message")
    elif isinstance(row, Mapping) and _cell(row, "speaker") is not None:
        talk = str(_cell(row, "conversation") or "")
        gathered.add(number, talk, _cell(row, "speaker"), _cell(row, "text"))
    else:
        gathered.reject(number, "holds neither messages nor a message")


def _cell(row: Mapping[str, Any], column: str) -> object:
    return next((row[name] for name in COLUMNS[column] if name in row), None)


def _csv(data: bytes, speakers: Speakers) -> Transcripts:
    rows: Iterator[tuple[int, list[str]]] = csv_rows(decode_file(data))
    _, header = next(rows, (1, []))
    names = [name.strip().casefold() for name in header]
    for column in ("speaker", "text"):
        if not any(name in names for name in COLUMNS[column]):
            known = ", ".join(COLUMNS[column])
            raise UnreadableAt(1, f"has no column for the {column}: it is called one of {known}")
    gathered = _Gathered(speakers)
    for line, cells in rows:
        row = dict(zip(names, cells, strict=False))
        if any(cells):
            talk = str(_cell(row, "conversation") or "")
            gathered.add(line, talk, _cell(row, "speaker"), _cell(row, "text"))
    return gathered.finish()


_READERS: dict[str, Callable[[bytes, Speakers], Transcripts]] = {
    ".txt": _text,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv,
}
