"""The measures that the public sets are reported by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learning.evaluation.records import CaseResult

NOTHING = "NO_NODES_DETECTED"
"""The class of messages that have no intent, as HINT3 calls it."""
_LINES = 200


@dataclass(frozen=True, slots=True)
class Guess:
    """What a system takes a message for, `surely` as it says, and what is `true`: any of these, or none."""

    label: str
    surely: float
    true: tuple[str, ...]


def guess_of(result: CaseResult) -> Guess:
    """The entry that the relevance check held likeliest, of the attempt that decided; none where the turn
    ended before."""
    label, surely = max(result.judged.items(), key=lambda item: item[1], default=(NOTHING, 0.0))
    return Guess(label, surely, result.case.entry_ids)


def decided(result: CaseResult) -> Guess:
    """What the service itself said: the entry that it answered from, and nothing where it did not answer."""
    label = result.cited[0] if result.answered and result.cited else NOTHING
    return Guess(label, 1.0 if label != NOTHING else 0.0, result.case.entry_ids)


def matthews(guesses: Sequence[Guess], line: float) -> float:
    """The Matthews correlation coefficient over all classes (Gorodkin 2004), `NOTHING` among them: what is
    less sure than `line` is taken for that."""
    said = [guess.label if guess.surely >= line else NOTHING for guess in guesses]
    true = [
        label if label in guess.true else next(iter(guess.true), NOTHING)
        for label, guess in zip(said, guesses, strict=True)
    ]
    places = {label: place for place, label in enumerate(sorted({*said, *true}))}
    table = np.zeros((len(places), len(places)))
    np.add.at(table, ([places[label] for label in true], [places[label] for label in said]), 1)
    of_true, of_said, total = table.sum(axis=1), table.sum(axis=0), table.sum()
    spread = (total**2 - of_said @ of_said) * (total**2 - of_true @ of_true)
    return float((np.trace(table) * total - of_said @ of_true) / np.sqrt(spread)) if spread > 0 else 0.0


def best_line(guesses: Sequence[Guess]) -> float:
    """The line at which `matthews` is greatest on these guesses, of evenly spread ones."""
    return max(lines(guesses), key=lambda line: matthews(guesses, line), default=0.0)


def lines(guesses: Sequence[Guess]) -> list[float]:
    """Quantiles of how sure the guesses are."""
    sure = [guess.surely for guess in guesses]
    return sorted(set(np.quantile(sure, np.linspace(0, 1, _LINES)).tolist())) if sure else []


def in_and_out(guesses: Sequence[Guess], line: float) -> tuple[float, float]:
    """The share of the messages with an intent that are taken for it, and of the others that are taken for
    none."""
    inside = [guess.surely >= line and guess.label in guess.true for guess in guesses if guess.true]
    outside = [guess.surely < line for guess in guesses if not guess.true]
    return _share(inside), _share(outside)


def mean_average_precision(found: Sequence[Sequence[str]], true: Sequence[Sequence[str]]) -> float:
    """Of rankings in which at most one entry is right: the mean reciprocal rank, 0 where it is not found."""
    ranks = (
        next((place for place, each in enumerate(ranking, 1) if each in right), 0)
        for ranking, right in zip(found, true, strict=True)
    )
    return float(np.mean([1 / rank if rank else 0.0 for rank in ranks])) if found else 0.0


def recall_at(found: Sequence[Sequence[str]], true: Sequence[Sequence[str]], depth: int) -> float:
    """The mean share of the right entries that are among the first `depth`."""
    shares = [
        len({*ranking[:depth]} & {*right}) / len(right) for ranking, right in zip(found, true, strict=True)
    ]
    return float(np.mean(shares)) if shares else 0.0


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
