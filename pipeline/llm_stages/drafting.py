"""From the text that a model writes to the sentences of a draft, each as soon as it is complete."""

from __future__ import annotations

import re

from pipeline.errors import ModelOutputError
from pipeline.stages.cited_text import LEAD
from pipeline.stages.language import split_sentences
from pipeline.turn import Sentence, SentenceKind

MOST_SENTENCES = 8
REPEATS_ALLOWED = 1
_MARKER = re.compile(r"\s*\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")
_AFTER_STOP = re.compile(r"([.!?…][\"”’)*]*)((?:\s*\[\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*\])+)")
_MAY_BE_MARKER = re.compile(r"\s*\[[\d,;\s]*\Z")
_LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_EMPHASIS = re.compile(r"\*\*|__|^#+\s*")
_ENDS = re.compile(r"[.!?…][\"'”’)]*\Z")
_BARE_LEAD = re.compile(rf"(?:{LEAD.pattern})\Z", LEAD.flags)


class Drafting:
    """Reads one draft piece by piece. A sentence is complete once the next one begins; the last one, when the
    draft has ended and it has a full stop: half a sentence is never given.

    Markers like [2] are read off as citations, those out of range dropped. A sentence without any is a house
    phrase if it is word for word one of `phrases`; else it goes on citing what the one before it on the line
    cites, or the only passage there is: the grounding check decides whether that holds. A bare "No." is given
    together with the sentence after it. A sentence that was given is not given again."""

    def __init__(self, passages: int, phrases: frozenset[str]) -> None:
        self._passages = passages
        self._phrases = phrases
        self._buffer = ""
        self._cites: tuple[int, ...] = ()
        self._lead = ""
        self._given: set[str] = set()
        self._repeated = 0

    def feed(self, piece: str) -> list[Sentence]:
        """The sentences that became complete. Raises `ModelOutputError` where the model goes in circles."""
        self._buffer += piece
        found = []
        while (paragraph_end := self._buffer.find("\n")) >= 0:
            line, self._buffer = self._buffer[:paragraph_end], self._buffer[paragraph_end + 1 :]
            found += self._sentences(split_sentences(_markers_first(line)))
            self._cites = ()
        *complete, rest = split_sentences(_markers_first(self._buffer)) or [""]
        if complete and not _MAY_BE_MARKER.match(rest):
            self._buffer = rest + self._buffer[len(self._buffer.rstrip()) :]
            found += self._sentences(complete)
        return found

    def finish(self) -> list[Sentence]:
        """What is left, where it is complete."""
        last = split_sentences(_markers_first(self._buffer))
        self._buffer = ""
        if last and not _ENDS.search(_MARKER.sub("", last[-1]).rstrip()):
            last.pop()
        return self._sentences(last)

    @property
    def is_full(self) -> bool:
        return len(self._given) >= MOST_SENTENCES

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
        if not cites and text in self._phrases:
            return Sentence(text, kind=SentenceKind.HOUSE)
        text, self._lead = self._lead + text, ""
        self._cites = cites or self._cites or ((1,) if self._passages == 1 else ())
        return Sentence(text, self._cites) if self._is_new(text) else None

    def _is_new(self, text: str) -> bool:
        key = " ".join(re.findall(r"\w+", text.casefold()))
        if key not in self._given:
            self._given.add(key)
            return True
        self._repeated += 1
        if self._repeated > REPEATS_ALLOWED:
            raise ModelOutputError("the draft goes in circles")
        return False


def _markers_first(text: str) -> str:
    """Markers that follow a full stop belong to the sentence before it: "It is. [1]" becomes "It is [1]."."""
    return _AFTER_STOP.sub(r"\2\1", text)
