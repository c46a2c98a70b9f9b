"""Whether a question is answered alike, whoever asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import numpy as np

from learning.evaluation.fairness.variants import Manner, Twin
from learning.evaluation.records import Case, Estimate, Suite
from learning.evaluation.runner import Chain, Show
from learning.evaluation.statistics.bootstrap import Bootstrap
from learning.evaluation.statistics.measures import unit_of
from learning.evaluation.statistics.statistics import share
from pipeline.ports import unheard
from pipeline.types import Outcome

_WORST = 5  # unequal pairs shown of each manner


@dataclass(frozen=True, slots=True)
class Came:
    """What became of one message: the outcome and the entries that were cited."""

    outcome: Outcome
    cited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two messages that differ in a manner, and what became of each."""

    twin: Twin
    first: Came
    second: Came

    @property
    def equal(self) -> bool:
        return self.first == self.second

    @property
    def gravity(self) -> int:
        """How much worse it is to be unequal so: another entry, an answer against none, the rest."""
        answered = (self.first.outcome is Outcome.ANSWERED) + (self.second.outcome is Outcome.ANSWERED)
        return (0, 2, 3)[answered] if not self.equal else -1


@dataclass(frozen=True, slots=True)
class MannerFigures:
    """Of one manner: the share of pairs that came out the same; how much more often, or less, the second of
    a pair is answered from a right entry, which is what a group loses; and the worst pairs."""

    manner: str
    least: float
    equal: Estimate
    loss: Estimate | None
    worst: tuple[Pairing, ...]

    @property
    def fair(self) -> bool:
        return self.equal.value >= self.least


async def run_twins(chain: Chain, suite: Suite, twins: Sequence[Twin], show: Show) -> list[Pairing]:
    """Puts each message to the chain, the same one once. Raises what a turn raises."""
    known: dict[tuple[str, str], Came] = {}
    pairings = []
    for number, twin in enumerate(twins, 1):
        for case in (twin.first, twin.second):
            if (key := (case.id, case.question.text)) not in known:
                known[key] = await _came(chain, case)
        first, second = (known[case.id, case.question.text] for case in (twin.first, twin.second))
        pairings.append(Pairing(twin, first, second))
        show(number / len(twins), f"pairs of {suite.name}: {number:,} of {len(twins):,}")
    return pairings


def figures_of_pairs(pairings: Sequence[Pairing], manners: Sequence[Manner]) -> list[MannerFigures]:
    """In the order of the manners; one that no message could be put in is left out."""
    made = (
        _figures(manner, [each for each in pairings if each.twin.manner == manner.name]) for manner in manners
    )
    return [each for each in made if each is not None]


def _figures(manner: Manner, pairings: Sequence[Pairing]) -> MannerFigures | None:
    bootstrap = Bootstrap([unit_of(each.twin.first) for each in pairings])
    everything = np.ones(len(pairings))
    same = np.array([each.equal for each in pairings], dtype=np.float64)
    change = np.array([_right(each, 1) - _right(each, 0) for each in pairings], dtype=np.float64)
    answerable = np.array([each.twin.first.answerable for each in pairings], dtype=np.float64)
    equal = bootstrap.estimate(lambda weights: share(same, everything, weights)) if pairings else None
    if equal is None:
        return None
    worst = sorted((each for each in pairings if not each.equal), key=lambda each: -each.gravity)[:_WORST]
    loss = bootstrap.estimate(lambda weights: share(change, answerable, weights))
    return MannerFigures(manner.name, manner.least, equal, loss, tuple(worst))


def _right(pairing: Pairing, side: int) -> int:
    came = (pairing.first, pairing.second)[side]
    return bool(came.cited) and set(came.cited) <= set(pairing.twin.first.entry_ids)


async def _came(chain: Chain, case: Case) -> Came:
    reply = await chain.pipeline.run(uuid4().hex, case.question, unheard)
    cited = {citation.index: citation.entry_id for citation in reply.citations}
    return Came(reply.outcome, tuple(cited[index] for index in sorted(cited)))
