"""The questions of a message that asks more than one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from knowledge.sentences import split_sentences
from pipeline.english.questions import asks, is_question, opens_question

_JOINT = re.compile(r"[,;]?\s+(?:and|also|plus)\s+(?:also\s+)?|;\s+|(?P<comma>,\s+)", re.IGNORECASE)
_ENDED = re.compile(r"(?<=\?)\s+")

LONGEST = 1000  # characters; who writes more tells a story


def parts_of(message: str, says_nothing: Callable[[str], bool]) -> tuple[str, ...]:
    """The parts of a message of which each asks something of its own; empty where it asks one thing at most.
    A statement belongs to the question after it, the last one to that before; so does a question that cannot
    be understood alone (`says_nothing`): "and is it free?"."""
    if len(message) > LONGEST:
        return ()
    parts: list[str] = []
    pending = ""
    for clause in _all_clauses(message):
        if not asks(clause):
            pending = f"{pending} {clause}".strip()
        elif parts and says_nothing(clause):
            parts[-1] = f"{parts[-1]} {pending} {clause}".replace("  ", " ")
            pending = ""
        else:
            parts.append(f"{pending} {clause}".strip())
            pending = ""
    if parts and pending:
        parts[-1] = f"{parts[-1]} {pending}"
    distinct = tuple(dict.fromkeys(parts))
    return distinct if len(distinct) > 1 else ()


def _all_clauses(message: str) -> Iterator[str]:
    """Behind a question mark a new one begins, also in a small letter: so people type."""
    for sentence in split_sentences(message):
        for asked in _ENDED.split(sentence):
            yield from _clauses(asked)


def _clauses(sentence: str) -> Iterator[str]:
    """A question, cut where another one begins behind an "and", or behind a comma one that is whole."""
    start = 0
    for joint in _JOINT.finditer(sentence):
        before, behind = sentence[start : joint.start()], sentence[joint.end() :]
        begins = is_question(before) and is_question(behind) if joint["comma"] else opens_question(behind)
        if asks(before) and begins:
            yield sentence[start : joint.start()].strip()
            start = joint.end()
    yield sentence[start:].strip()
