"""What was learned of a house's voice, as rows for people to read."""

from __future__ import annotations

from collections.abc import Sequence

from learning.voice.phrases import Phrase, Phrases

HEAD = ("phrase", "kind", "times", "heard in", "may be said")


def phrase_row(phrase: Phrase, names: Sequence[str]) -> tuple[str, ...]:
    """The cells under `HEAD`; `names` are those of the conversations, in their order."""
    where = ", ".join(dict.fromkeys(names[place] for place in phrase.conversations))
    return phrase.text, phrase.kind, str(phrase.times), where, _status(phrase)


def phrase_rows(phrases: Phrases, names: Sequence[str]) -> list[tuple[str, ...]]:
    """All phrases, those that are said first."""
    ordered = sorted(phrases.heard, key=lambda phrase: (bool(phrase.withheld), not phrase.waits))
    return [phrase_row(phrase, names) for phrase in ordered]


def _status(phrase: Phrase) -> str:
    if not phrase.withheld:
        return "yes"
    return f"no: {phrase.withheld}" + (", waits to be accepted" if phrase.waits else "")
