"""From the text that a model writes to the sentences of a draft, each as soon as it is complete."""

from __future__ import annotations

import re

from knowledge.sentences import split_sentences
from pipeline.english.evidence_text import LEAD
from pipeline.english.words import key_of
from pipeline.errors import ModelOutputError
from pipeline.stages.composing.style_mask import says_nothing_of_the_world
from pipeline.turn import Sentence, SentenceKind

NO_ANSWER = "NO ANSWER"
"""What the prompt has a model write where the passages do not answer."""
MOST_SENTENCES = 8
REPEATS_ALLOWED = 1
_MARKER = re.compile(r"\s*\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")
_AFTER_STOP = re.compile(r"([.!?…][\"”’)*]*)((?:\s*\[\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*\])+)")
_MAY_BE_MARKER = re.compile(r"\s*\[[\d,;\s]*\Z")
_LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_EMPHASIS = re.compile(r"\*\*|__|^#+\s*")
_ENDS = re.compile(r"[.!?…][\"'”’)]*\Z")
_UNSAID = ("?", "…", "...")
_BARE_LEAD = re.compile(rf"(?:{LEAD.pattern})\Z", LEAD.flags)


class Drafting:
    """Reads one draft piece by piece. A sentence is complete once the next one begins; the last one, when the
    draft has ended and it has a full stop: half a sentence is never given.

    Markers like [2] are read off as citations, those out of range dropped. A sentence without any is a house
    phrase if it is word for word one of `phrases`; else it goes on citing what the one before it on the line
    cites, or the only passage there is: the grounding check decides whether that holds. A bare "No." is given
    together with the sentence after it. Left out is a sentence that was given already, that asks back or
    trails off, or that says nothing of the world, as "That's right.". A draft that begins
    with a marker has its markers in front of the sentences."""

    def __init__(self, passages: int, phrases: frozenset[str], most: int = MOST_SENTENCES) -> None:
        """At most `most` sentences are given."""
        self._passages = passages
        self._most = most
        self._phrases = phrases
        self._buffer = ""
        self._leading: bool | None = None  # whether markers stand in front; None until the text has begun
        self._cites: tuple[int, ...] = ()
        self._lead = ""
        self._given: set[str] = set()
        self._repeated = 0

    def feed(self, piece: str) -> list[Sentence]:
        """The sentences that became complete. Raises `ModelOutputError` where the model finds no answer, or
        goes in circles."""
        self._buffer += piece
        if self._leading is None and (begun := self._buffer.lstrip()):
            self._leading = begun.startswith("[")
        found = []
        while (line_end := self._buffer.find("\n")) >= 0:
            line, self._buffer = self._buffer[:line_end], self._buffer[line_end + 1 :]
            found += self._sentences(self._split(line))
            self._cites = ()
        *complete, rest = self._split(self._buffer) or [""]
        if complete and (self._leading or not _MAY_BE_MARKER.match(rest)):
            self._buffer = rest + self._buffer[len(self._buffer.rstrip()) :]
            found += self._sentences(complete)
        return found

    def finish(self) -> list[Sentence]:
        """What is left, where it is complete."""
        last = self._split(self._buffer)
        self._buffer = ""
        if last and not _ENDS.search(_MARKER.sub("", last[-1]).rstrip()):
            last.pop()
        return self._sentences(last)

    @property
    def is_full(self) -> bool:
        return len(self._given) >= self._most

    def _split(self, text: str) -> list[str]:
        """Markers behind a full stop belong to the sentence before: "It is. [1]" becomes "It is [1]."."""
        return split_sentences(text if self._leading else _AFTER_STOP.sub(r"\2\1", text))

    def _sentences(self, texts: list[str]) -> list[Sentence]:
        return [sentence for text in texts if not self.is_full and (sentence := self._sentence(text))]

    def _sentence(self, raw: str) -> Sentence | None:
        numbers = (int(number) for marker in _MARKER.findall(raw) for number in re.findall(r"\d+", marker))
        cites = tuple(dict.fromkeys(number for number in numbers if 1 <= number <= self._passages))
        text = _EMPHASIS.sub("", _LIST_ITEM.sub("", _MARKER.sub("", raw))).strip()
        if not any(map(str.isalpha, text)):  # the number of a list item, say
            return None
        if _BARE_LEAD.match(text):
            self._lead = f"{text} "
            return None
        if text in self._phrases:
            return Sentence(text, kind=SentenceKind.HOUSE)
        if text.upper().startswith(NO_ANSWER):
            raise ModelOutputError("the model finds no answer in the evidence")
        if says_nothing_of_the_world(text) or text.endswith(_UNSAID):
            return None
        text, self._lead = self._lead + text, ""
        self._cites = cites or self._cites or ((1,) if self._passages == 1 else ())
        return Sentence(text, self._cites) if self._is_new(text) else None

    def _is_new(self, text: str) -> bool:
        key = key_of(text)
        if key not in self._given:
            self._given.add(key)
            return True
        self._repeated += 1
        if self._repeated > REPEATS_ALLOWED:
            raise ModelOutputError("the draft goes in circles")
        return False
