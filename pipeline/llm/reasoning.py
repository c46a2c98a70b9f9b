"""What a reasoning model thinks before it speaks, where the server leaves that in the text."""

from __future__ import annotations

import re

from pipeline.errors import ModelOutputError

_NAMES = r"(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad)"
_OPENING = re.compile(rf"\s*<{_NAMES}>", re.IGNORECASE)
_CLOSING = re.compile(rf"</{_NAMES}>\s*", re.IGNORECASE)
_MAY_OPEN = re.compile(r"\s*(?:<[a-z]{0,11})?", re.IGNORECASE)
_LONGEST_TAG = len("</scratchpad>")


def without_reasoning(text: str) -> str:
    """What follows the last think block. Some templates open the block in the prompt, so that only its end
    is seen; a block without an end hides all of the text."""
    rest = _CLOSING.split(text)[-1]
    return "" if _OPENING.match(rest) else rest


class SpokenText:
    """The text of a stream without the think block that it may begin with."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._speaking = False

    def feed(self, piece: str) -> str:
        """What can be shown by now. Raises `ModelOutputError` where what was shown turns out to have been
        thoughts."""
        if self._speaking:
            self._held = self._held[-_LONGEST_TAG:] + piece
            if _CLOSING.search(self._held):
                raise ModelOutputError("a think block without a beginning")
            return piece
        self._held += piece
        while True:
            if self._thinking:
                if (end := _CLOSING.search(self._held)) is None:
                    return ""
                self._held, self._thinking = self._held[end.end() :], False
            if (start := _OPENING.match(self._held)) is not None:
                self._held, self._thinking = self._held[start.end() :], True
            elif _MAY_OPEN.fullmatch(self._held):
                return ""
            else:
                self._speaking = True
                return self._released()

    def end(self) -> str:
        """What is left when the stream ends."""
        return "" if self._thinking or self._speaking else self._released()

    def _released(self) -> str:
        if _CLOSING.search(self._held):
            raise ModelOutputError("a think block without a beginning")
        return self._held.lstrip()
