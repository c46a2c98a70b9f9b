"""The last word on what leaves: scaffold is cut out of text, and a reply is built from an allow-list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import regex

from knowledge.types import Entry
from pipeline.english.words import key_of
from pipeline.turn import Accepted
from pipeline.types import Citation, Outcome, Reply

_TAG_NAMES = r"think(?:ing)?|thoughts?|reason(?:ing)?|scratchpad|reflection|analysis|plan"
_OPENING = regex.compile(rf"<\s*(?:{_TAG_NAMES})\s*>", regex.IGNORECASE)
_CLOSING = regex.compile(rf"<\s*/\s*(?:{_TAG_NAMES})\s*>", regex.IGNORECASE)
_TOKEN = regex.compile(r"<\|[^|<>\n]{0,40}\|>")  # chat-template tokens
_MARKER = regex.compile(r"\[[\d,;\s]{1,20}\]")  # a citation the pipeline did not set itself
_HARMLESS = regex.compile(  # "< 5", "<.5", "[sic]" and "[1-3]" may stay
    r"<\s{0,4}[^\s\p{L}/|<\[!]|\[[\d,;\s]{0,20}[^\d,;\s\[\]<]"
)
_LABEL = regex.compile(
    r"[\s>*_#\-\"”’)\]]{0,8}(?:parsed|returned|summari[sz]ed|(?:search |standalone |rewritten )?quer(?:y|ies)"
    r"|alternates?|thoughts?|reasoning|action(?: input)?|observation|verdict|relevan(?:t|ce)|ground(?:ed|ing)"
    r"|evidence|context|passage(?: ?\d{1,3})?|document(?: ?\d{1,3})?|score|intent|topic gate"
    r"|system(?: prompt)?|instructions?|developer|assistant|user|chatbot)[*_]{0,3}\s{0,3}:",
    regex.IGNORECASE,
)
_TRACE = regex.compile(
    r"(?:Parsed|Returned|Summari[sz]ed)[*_]{0,3}\s{0,3}:"
)  # the chain's own steps, anywhere
_TRACE_INITIALS = "PRS"
_BOUNDARIES = "\n.!?…:"
_ECHO_WORDS = 8


class _Tags:
    """Drops think blocks, template tokens and foreign citation markers. An unclosed block hides all that
    follows. No `<` or `[` that could open a new one is ever let through, so nothing can reassemble."""

    def __init__(self) -> None:
        self._pending = ""
        self._depth = 0

    def feed(self, chunk: str, *, final: bool = False) -> str:
        text, out, at = self._pending + chunk, [], 0
        while at < len(text):
            char = text[at]
            if char not in "<[":
                if not self._depth:
                    out.append(char)
                at += 1
                continue
            end, undecided = self._construct(text, at)
            if undecided and not final:
                break
            if end == at:
                if not self._depth and _HARMLESS.match(text, at):
                    out.append(char)
                end = at + 1
            at = end
        self._pending = text[at:]
        return "".join(out)

    def _construct(self, text: str, at: int) -> tuple[int, bool]:
        """Where the construct that starts at `at` ends (`at` if none does), and whether more text could
        still complete one."""
        undecided = False
        for pattern, change in ((_OPENING, 1), (_CLOSING, -1), (_TOKEN, 0), (_MARKER, 0)):
            match = pattern.match(text, at, partial=True)
            if match is None:
                continue
            if match.partial:
                undecided = True
                continue
            self._depth = max(0, self._depth + change)
            return match.end(), False
        return at, undecided


class _Labels:
    """Drops lines, and rests of lines, that begin with a scaffold label such as `Parsed:`."""

    def __init__(self) -> None:
        self._pending = ""
        self._at_start = True
        self._dropping = False

    def feed(self, chunk: str, *, final: bool = False) -> str:
        text, at = self._pending + chunk, 0
        out: list[str] = []
        while at < len(text):
            if self._dropping:
                newline = text.find("\n", at)
                at = len(text) if newline < 0 else newline
                self._dropping = newline < 0
            elif self._at_start or text[at] in _TRACE_INITIALS:
                label = (_LABEL if self._at_start else _TRACE).match(text, at, partial=True)
                undecided = label is not None and label.partial
                if undecided and not final:
                    break
                if label is not None and not undecided:
                    self._dropping, at = True, label.end()
                else:
                    at = self._emit(text, at, out)
            else:
                at = self._emit(text, at, out)
        self._pending = text[at:]
        if final:
            self._at_start, self._dropping = True, False
        return "".join(out)

    def _emit(self, text: str, at: int, out: list[str]) -> int:
        out.append(text[at])
        self._at_start = text[at] in _BOUNDARIES
        return at + 1


class StreamFilter:
    """Strips scaffold from text that arrives in pieces. However a text is cut into chunks, the pieces that
    come back join to the same result, and none shows scaffold."""

    def __init__(self) -> None:
        self._tags = _Tags()
        self._labels = _Labels()

    def feed(self, chunk: str) -> str:
        """The part of the text so far that is safe to show and was not shown yet."""
        return self._labels.feed(self._tags.feed(chunk))

    def flush(self) -> str:
        """What was held back in doubt, once its sentence is complete: the next text starts a line of its own,
        but a think block that is still open stays open."""
        return self._labels.feed(self._tags.feed("", final=True), final=True)


class EchoGuard:
    """Knows the texts of the prompts, and tells a sentence that repeats eight words of one."""

    def __init__(self, prompts: Iterable[str] = ()) -> None:
        self._runs = frozenset(run for prompt in prompts for run in _runs(prompt))

    def repeats_a_prompt(self, text: str) -> bool:
        return bool(self._runs) and any(run in self._runs for run in _runs(text))


def _runs(text: str) -> list[tuple[str, ...]]:
    words = key_of(text).split()
    return [tuple(words[i : i + _ECHO_WORDS]) for i in range(len(words) - _ECHO_WORDS + 1)]


@dataclass(frozen=True, slots=True)
class Piece:
    """A checked and filtered piece of the reply, exactly as it was spoken: `text[start:end]` is the
    sentence or block itself, without what sets it off and the markers behind it."""

    text: str
    start: int = 0
    end: int = 0
    cited: tuple[tuple[int, Accepted], ...] = ()  # (number in the text, what it refers to)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the pipeline has to say: everything here is public already."""

    outcome: Outcome
    pieces: tuple[Piece, ...]
    suggestions: tuple[str, ...] = ()
    urgent: bool = False


def to_reply(draft: Draft) -> Reply:
    """The only way to a `Reply`: named fields are copied, nothing else can come along."""
    citations: list[Citation] = []
    offset = 0
    for piece in draft.pieces:
        for number, accepted in piece.cited:
            entry = accepted.hit.entry
            citations.append(
                Citation(
                    index=number,
                    entry_id=entry.id,
                    title=_title(entry),
                    url=(entry.sources[0].url or None) if entry.sources else None,
                    start=offset + piece.start,
                    end=offset + piece.end,
                )
            )
        offset += len(piece.text)
    return Reply(
        text="".join(piece.text for piece in draft.pieces),
        outcome=draft.outcome,
        citations=tuple(citations) if draft.outcome is Outcome.ANSWERED else (),
        suggestions=draft.suggestions[:3],
        urgent=draft.urgent,
    )


def _title(entry: Entry) -> str:
    """The entry's question; of a source that has no address, such as a file, also its name and page."""
    first = entry.sources[0] if entry.sources else None
    return entry.question if first is None or first.url else f"{entry.question} ({first.title})"
