"""Claims that we wrote ourselves, each in other words than its evidence: what it bears out, and what it does
not, because it says the opposite, something else, less, or nothing of the matter."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from learning.training.claim_sources import Claim

WRITTEN = Path(__file__).parent / "configs" / "written_claims.yaml"
_FAILING = 2  # claims shown at a time that the evidence does not bear out, beside one about something else
_AS_WRITTEN = 0.75  # share of the claims that keep their capitals and stops


class Written(BaseModel):
    """Evidence with its claims. What is said of one is borne out by no other of the same topic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: str
    holds: tuple[str, ...] = Field(min_length=1)
    fails: tuple[str, ...] = Field(min_length=1)


_TOPICS = TypeAdapter(dict[str, tuple[Written, ...]])


def written_topics(path: Path = WRITTEN) -> dict[str, tuple[Written, ...]]:
    """By topic. Raises `pydantic.ValidationError` where the file has another shape."""
    return _TOPICS.validate_python(yaml.safe_load(path.read_text("utf-8")))


def written_claims(times: int, rng: random.Random) -> list[Claim]:
    """Each evidence `times` over, with a true claim, a few false ones, and a true claim about other evidence
    of its topic: near in subject, and not to be found in this one."""
    topics = list(written_topics().values())
    return [
        claim
        for _ in range(times)
        for topic in topics
        for one in topic
        for claim in _claims(one, [other for other in topic if other is not one], rng)
    ]


def _claims(one: Written, others: list[Written], rng: random.Random) -> Iterator[Claim]:
    failing = rng.sample(one.fails, min(_FAILING, len(one.fails)))
    strangers = [rng.choice(other.holds) for other in rng.sample(others, min(1, len(others)))]
    said = [(rng.choice(one.holds), True), *((text, False) for text in (*failing, *strangers))]
    for text, supported in said:
        spoken = text if rng.random() < _AS_WRITTEN else text.rstrip(".").lower()
        yield Claim(spoken, one.evidence, supported, "written", one.evidence)
