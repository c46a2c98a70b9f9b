"""The house voice of example conversations: the phrases that recur in them, with the owner's own words for
what they do not teach. Never what they say about the world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from knowledge.sentences import split_sentences
from learning.voice.house_talk import takes_side
from learning.voice.phrases import CLOSING, HEDGE, SALUTATION, SIGN_OFF, Phrases, reply_to
from learning.voice.small_talk import KINDS
from pipeline.stages.composing.openers import SYMPATHY
from pipeline.voice import HouseVoice, Opener

_NO_REPLIES = ("openers", "hedges", "closings", "accepted")


def learn_voice(heard: Phrases, fixed: Mapping[str, Any]) -> HouseVoice:
    """The voice of what was `heard`. `fixed` holds whole replies by outcome and kind (a text, a list, or a
    mapping of kinds to lists), and `openers`, `hedges` and `closings` for what the conversations do not
    teach; an opener that takes a side is not taken. Raises `ValueError` where a needed reply is missing."""
    given = fixed.get("openers", {})
    replies = dict(_replies(fixed))
    replies |= {f"small_talk.{kind}": said for kind in KINDS if (said := heard.said(reply_to(kind)))}
    salutations = heard.said(SALUTATION) if heard.greets else ()
    sign_offs = heard.said(SIGN_OFF) if heard.signs_off else ()
    for kind, ended in (("greeting", False), ("farewell", True)):
        phrases, key = sign_offs if ended else salutations, f"small_talk.{kind}"
        if phrases:
            replies[key] = tuple(_with(phrases, line, ended=ended) for line in replies.get(key, ("",)))
    return HouseVoice(
        openers={
            Opener.EMPATHY: _empathy(heard.openers[Opener.EMPATHY], _sideless(given.get("empathy", ()))),
            Opener.NEUTRAL: heard.openers[Opener.NEUTRAL] or _sideless(given.get("neutral", ())),
        },
        hedges=heard.said(HEDGE) or tuple(fixed.get("hedges", ())),
        closings=heard.said(CLOSING) or tuple(fixed.get("closings", ())),
        fixed=replies,
        salutations=salutations,
        sign_offs=sign_offs,
        closes_often=heard.closes_often,
    )


def accepted_phrases(fixed: Mapping[str, Any]) -> tuple[str, ...]:
    """What the owner lets be said: phrases of their own, and those heard that they accepted."""
    own = (phrases for phrases in fixed.get("openers", {}).values())
    lists = (*own, *(fixed.get(key, ()) for key in _NO_REPLIES[1:]))
    return tuple(str(phrase) for phrases in lists for phrase in phrases)


def _empathy(heard: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """Sympathy and reassurance, each as heard, or as given where none was."""
    chosen: list[str] = []
    for sympathy in (True, False):
        fitting = [
            [phrase for phrase in phrases if bool(SYMPATHY.search(phrase)) is sympathy]
            for phrases in (heard, given)
        ]
        chosen += fitting[0] or fitting[1]
    return tuple(chosen)


def _sideless(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(phrase for phrase in phrases if not takes_side(phrase))


def _with(phrases: Sequence[str], line: str, *, ended: bool) -> str:
    """A reply that greets or takes leave as the house does; a greeting of its own gives way."""
    if any(phrase in line for phrase in phrases):
        return line
    if ended:
        return f"{line} {phrases[0]}".lstrip()
    return " ".join([phrases[0], *(split_sentences(line)[1:] if line else ())])


def _replies(fixed: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every whole reply under its dotted key."""
    for key, value in fixed.items():
        if not prefix and key in _NO_REPLIES:
            continue
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _replies(value, f"{name}.")
        elif isinstance(value, str):
            yield name, (value,)
        elif isinstance(value, Iterable):
            yield name, tuple(map(str, value))
