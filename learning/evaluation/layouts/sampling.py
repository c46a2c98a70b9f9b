"""A smaller suite of the same make-up, the same at each run."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeVar

from learning.evaluation.records import Suite

_Item = TypeVar("_Item")


def sampled(suite: Suite, limit: int, seed: int = 0) -> Suite:
    """At most `limit` cases of each kind, and as many pairs of each kind and truth. The knowledge base stays
    whole: a smaller one would be an easier one."""
    return replace(
        suite,
        cases=_sample(suite.cases, lambda case: case.kind, limit, seed),
        relevance_pairs=_sample(suite.relevance_pairs, lambda pair: (pair.kind, pair.positive), limit, seed),
        grounding_pairs=_sample(suite.grounding_pairs, lambda pair: (pair.kind, pair.positive), limit, seed),
        conversations=_sample(suite.conversations, lambda _: "conversation", limit, seed),
    )


def _sample(
    items: Sequence[_Item], stratum: Callable[[_Item], Hashable], limit: int, seed: int
) -> tuple[_Item, ...]:
    """In the order of `items`. One stratum's choice does not depend on the others."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        places[stratum(item)].append(place)
    kept = [
        place
        for name, own in places.items()
        for place in random.Random(f"{seed} {name}").sample(own, min(limit, len(own)))  # noqa: S311
    ]
    return tuple(items[place] for place in sorted(kept))
