"""Greeting, thanks and goodbye around a message, taken off."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.english.words import WORD

_PLEASANTRIES = frozenset(
    tuple(phrase.split())
    for phrase in """hi,hii,hiii,hello,hey,hiya,good morning,good afternoon,good evening,good day,excuse me,
    thank,thanks,thank you,thanks so much,thanks very much,thank you so much,thank you very much,thx,ok,okay,
    great,cool,nice,please,sorry,well,there,chat bot,chatbot,bot,again,everyone,sir,bye""".split(",")
)
_LONGEST_PLEASANTRY = max(map(len, _PLEASANTRIES))
_PART_OF_A_SENTENCE = frozenset({"ok", "okay", "great", "cool", "nice", "well", "there"})
_MARKS = " \t\r\n,.!:;–—-"


def without_pleasantries(text: str) -> str:
    """The message without the greeting, thanks or goodbye around it; empty where there is nothing else.
    Takes time in proportion to the text, whatever it holds."""
    words = list(WORD.finditer(text))
    said = [word.group().lower() for word in words]
    first, last = 0, len(words)
    while taken := _pleasantry(said[first : first + _LONGEST_PLEASANTRY], at_end=False):
        first += taken
    if first == len(words):
        return ""
    while taken := _pleasantry(said[max(first, last - _LONGEST_PLEASANTRY) : last], at_end=True):
        start = last - taken
        if start == 0 or (said[start] in _PART_OF_A_SENTENCE and not _apart(text, words, start)):
            break
        last = start
    end = words[last].start() if last < len(words) else len(text)
    kept = text[words[first - 1].end() if first else 0 : end]
    return (kept.rstrip(_MARKS) if last < len(words) else kept).lstrip(_MARKS if first else None).strip()


def _pleasantry(words: Sequence[str], at_end: bool) -> int:
    """How many words the longest pleasantry takes at the beginning or the end of `words`."""
    for length in range(len(words), 0, -1):
        if tuple(words[-length:] if at_end else words[:length]) in _PLEASANTRIES:
            return length
    return 0


def _apart(text: str, words: Sequence[re.Match[str]], place: int) -> bool:
    """Whether a mark parts a word from the one before: "is it safe, ok" but not "is it ok"."""
    return bool(text[words[place - 1].end() : words[place].start()].strip())
