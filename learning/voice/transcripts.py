"""Reads example conversations written as `Chatbot:` / `User:` text (`transcript_files` reads other forms)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.types import Message, Role

NAME = r"[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*)?"
DIVIDER = re.compile(r"\s*[-=*_]{3,}\s*")
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd\ud800-\udfff]")

Conversation = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line that was left out, and why, in plain English. `number` counts from 1; `file` is "" where only
    one was read."""

    number: int
    reason: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Transcripts:
    """The conversations of a text, and the lines that could not be read."""

    conversations: tuple[Conversation, ...]
    unreadable: tuple[UnreadableLine, ...]


def parse_transcripts(text: str, *, chatbot: str = "Chatbot", user: str = "User") -> Transcripts:
    """Every line starts with a speaker, or continues the message above it. Lines that start with `#` and
    empty lines say nothing; a line of three or more dashes (or `=`, `*`, `_`) ends a conversation. Speakers
    are told apart without regard to case. A line that names somebody else, in one word or two, is reported,
    as is what follows.
    """
    return _Reader({chatbot.casefold(): Role.ASSISTANT, user.casefold(): Role.USER}).read(text)


class _Reader:
    def __init__(self, speakers: dict[str, Role]) -> None:
        self._speakers = speakers
        names = "|".join([*map(re.escape, filter(None, speakers)), NAME])
        self._label = re.compile(rf"\s*(?P<name>{names}) ?:(?=\s|$)(?P<text>.*)", re.IGNORECASE)
        self._finished: list[Conversation] = []
        self._messages: list[Message] = []
        self._unreadable: list[UnreadableLine] = []
        self._continues = False

    def read(self, text: str) -> Transcripts:
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
            if UNREADABLE.search(line):
                self._reject(number, "holds characters that are no text")
            elif DIVIDER.fullmatch(line):
                self._finish()
            elif line.strip() and not line.lstrip().startswith("#"):
                self._take(number, line)
        self._finish()
        return Transcripts(tuple(self._finished), tuple(self._unreadable))

    def _take(self, number: int, line: str) -> None:
        label = self._label.fullmatch(line)
        role = self._speakers.get(label["name"].casefold()) if label else None
        if label and role:
            self._speak(number, role, label["text"].strip())
        elif label and label["name"][0].isupper():
            self._reject(number, f"names an unknown speaker: {label['name']}")
        elif not self._continues:
            self._reject(number, "has no speaker")
        else:
            last = self._messages[-1]
            self._messages[-1] = Message(last.role, f"{last.text}\n{line.strip()}")

    def _speak(self, number: int, role: Role, text: str) -> None:
        if not text:
            self._reject(number, "has a speaker but no words")
            return
        self._messages.append(Message(role, text))
        self._continues = True

    def _reject(self, number: int, reason: str) -> None:
        self._unreadable.append(UnreadableLine(number, reason))
        self._continues = False

    def _finish(self) -> None:
        if self._messages:
            self._finished.append(tuple(self._messages))
        self._messages = []
        self._continues = False
