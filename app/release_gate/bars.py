"""Where the owner draws the lines: what a candidate may lose and still go live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.release_gate.questions import Asked, Source
from app.release_gate.verdicts import Compared, Verdict
from app.settings import Settings
from app.store.turns.conversations import Rating

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One line: how many (`found`) were lost of how many, and how many may be. `questions` names the first
    ones lost."""

    name: str
    of: int
    allowed: int
    found: int
    questions: tuple[str, ...]

    @property
    def fell(self) -> bool:
        return self.found > self.allowed

    @property
    def sentence(self) -> str:
        """In plain English, with the questions."""
        told = f"{self.found} of {self.of} {self.name} would be lost ({self.allowed} may be)"
        if not self.questions:
            return f"{told}."
        named = "; ".join(f"“{question}”" for question in self.questions)
        more = f"; and {self.found - len(self.questions)} more" if self.found > len(self.questions) else ""
        return f"{told}: {named}{more}."


def bars_of(compared: Sequence[Compared], settings: Settings) -> tuple[Bar, ...]:
    """All bars that apply: those whose questions were asked. The entries touched by a change count as gold:
    asked for by their own question, an entry has to answer."""
    gold = _bar("gold answers", compared, _is_gold, lambda _of: settings.gate_lost_gold)
    liked = _bar("answers rated up", compared, _is_liked, lambda of: int(settings.gate_lost_rated * of))
    return tuple(bar for bar in (gold, liked) if bar.of)


def counts_of(compared: Sequence[Compared]) -> Mapping[str, int]:
    """How many questions got each verdict and came from each source; `rated_down_changed` of those rated down
    may be better now."""
    verdicts = Counter(each.verdict for each in compared)
    sources = Counter(each.asked.source for each in compared)
    changed = [each for each in compared if each.asked.rating is Rating.DOWN]
    return {
        "asked": len(compared),
        **{verdict.value: verdicts[verdict] for verdict in Verdict},
        **{source.value: sources[source] for source in Source},
        "lost": sum(each.is_lost for each in compared),
        "rated_down_changed": sum(each.verdict is not Verdict.SAME for each in changed),
    }


def _bar(
    name: str,
    compared: Sequence[Compared],
    among: Callable[[Asked], bool],
    allowed: Callable[[int], int],
) -> Bar:
    those = [each for each in compared if among(each.asked)]
    lost = [each.asked.question.text for each in those if each.is_lost]
    return Bar(name, len(those), allowed(len(those)), len(lost), tuple(lost[:_NAMED]))


def _is_gold(asked: Asked) -> bool:
    return asked.source in (Source.GOLD, Source.TOUCHED)


def _is_liked(asked: Asked) -> bool:
    return asked.rating is Rating.UP
