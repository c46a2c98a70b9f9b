"""Claims about findings, built from a small grammar: what raises, lowers or does not change what, what helps
against what, who has more of what, and what belongs to what. Evidence speaks like a report, claims like
people, and whether one bears out the other follows from the grammar: the opposite direction, no effect, an
open question, another factor and another measure are all told apart by meaning, not by shared words."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from learning.training.claim_sources import Claim

VOCABULARY = Path(__file__).parent / "configs" / "findings.yaml"
BORNE_OUT = {
    "up": {"up"}, "down": {"down"}, "none": {"none"}, "open": {"open"}, "not_up": {"down", "none"},
    "not_down": {"up", "none"}, "affects": {"up", "down"},
    "works": {"works"}, "fails": {"fails", "nothing"}, "untested": {"untested"}, "nothing": {"nothing"},
    "causes": {"causes"},
    "more": {"more"}, "less": {"less"}, "same": {"same"},
}  # fmt: skip
"""Kinds of claims, each with the kinds of evidence that bear it out."""
_DEBATABLE = {("untested", "nothing"), ("untested", "fails")}
_TURNED = {
    "up": "down", "down": "up", "none": "affects", "open": "affects", "works": "fails", "fails": "works",
    "untested": "works", "nothing": "works", "causes": "fails", "more": "less", "less": "more",
    "same": "more",
}  # fmt: skip
"""The claim that differs least from one which the evidence bears out, in words but not in sense."""
_BESIDE = 0.35  # share of the evidence that has a finding about something else beside the one in question
_TABLES = {"findings": 5, "remedies": 3, "comparisons": 1}
_SUBJECTS = {"findings": "am", "remedies": "ac", "comparisons": "m"}
Things = Mapping[str, str]


def finding_claims(count: int, rng: random.Random) -> list[Claim]:
    """`count` claims, half of them supported; two of each for one evidence, so that what makes the
    difference is all that differs."""
    claims: list[Claim] = []
    while len(claims) < count:
        claims += rng.choices((_relation, _membership), weights=(3, 1))[0](rng)
    return claims[:count]


@cache
def _vocabulary() -> Mapping[str, Any]:
    vocabulary: Mapping[str, Any] = yaml.safe_load(VOCABULARY.read_text("utf-8"))
    return vocabulary


def _relation(rng: random.Random) -> list[Claim]:
    """A finding of one domain, two claims that it bears out, the one that says the opposite, and one that
    says something else."""
    words = _vocabulary()
    table = rng.choices(list(_TABLES), weights=list(_TABLES.values()))[0]
    kinds = words[table]
    things, beside, other = _things(rng.choice(words["domains"]), rng)
    told = rng.choice([kind for kind in kinds if "evidence" in kinds[kind]])
    evidence = [_said(kinds[told]["evidence"], things, rng)]
    direction = words["findings"][rng.choice(("up", "down", "none"))]
    second = _said(direction["claims"], beside, rng)
    shown = rng.random() < _BESIDE
    if shown:
        evidence.append(_said(direction["evidence"], beside, rng))

    def claim(kind: str, about: Things = things) -> str:
        return _said(kinds[kind]["claims"], about, rng)

    held = [kind for kind in kinds if told in BORNE_OUT[kind]]
    lost = [kind for kind in kinds if told not in BORNE_OUT[kind] and (kind, told) not in _DEBATABLE]
    moved = "c" if told == "nothing" else rng.choice(_SUBJECTS[table])
    wrong = [claim(rng.choice(lost)), claim(told, {**things, moved: other[moved]})]
    both = f"{claim(told).rstrip('.')}, and {_lowered(second)}"
    right = [claim(told), both if shown else claim(rng.choice(held))]
    wrong += [] if shown else [both]
    return _claims([*right, claim(_TURNED[told]), rng.choice(wrong)], evidence, rng)


def _membership(rng: random.Random) -> list[Claim]:
    """A list of what belongs to something, with claims about its members and about strangers."""
    words = _vocabulary()
    table = rng.choice(words["lists"])
    (x, y), name = rng.sample(table["subject"], 2), rng.choice(_names(table["name"]))
    i, j, k, o = rng.sample(table["members"], 4)
    things = {"x": x, "y": y, "i": i, "j": j, "k": k, "o": o, "q": name, "p": f"{name}s"}
    kinds = ("list_held", "list_held", "list_broken", "list_broken")
    said = [_said(words[kind], things, rng) for kind in kinds]
    return _claims(said, [_said(words["list_evidence"], things, rng)], rng)


def _claims(said: Sequence[str], evidence: list[str], rng: random.Random) -> list[Claim]:
    """Two supported and two unsupported claims. The evidence stands in some order, at times with a sentence
    around it that says nothing of the matter."""
    around = rng.sample(_vocabulary()["fillers"], rng.choice((0, 0, 1, 2)))
    openings = _vocabulary()["openings"]
    told = " ".join(rng.sample([*evidence, *around], len(evidence) + len(around)))
    shown = rng.choice(openings["evidence"]) + told
    claims = []
    for place, text in enumerate(said):
        spoken = rng.choice(openings["claims"]) + text
        spoken = spoken if rng.random() < 0.7 else spoken.rstrip(".").lower()
        claims.append(Claim(spoken, shown, place < 2, "finding", shown))
    return claims


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _things(domain: Mapping[str, Sequence[str]], rng: random.Random) -> list[Things]:
    """Three sets of things to speak of, with nothing in common."""
    drawn = {
        key: rng.sample(domain[name], 3)
        for key, name in {"a": "factors", "m": "measures", "c": "conditions"}.items()
    }
    groups = rng.sample(domain["groups"], 2)
    return [
        {"g": groups[0], "h": groups[1]} | {key: drawn[key][place] for key in drawn} for place in range(3)
    ]


def _names(thing: str) -> list[str]:
    return [name.strip() for name in thing.split("|")]


def _said(templates: Sequence[str], things: Things, rng: random.Random) -> str:
    """One of the templates, each thing under one of its names; capital keys begin a sentence."""
    named = {key: rng.choice(_names(thing)) for key, thing in things.items()}
    named |= {"n": str(rng.randrange(11, 95)), "d": str(rng.randrange(1, 10))}
    named["s"] = rng.choice(_vocabulary()["studies"]).format(**named)
    named |= {key.upper(): thing[:1].upper() + thing[1:] for key, thing in named.items()}
    return rng.choice(templates).format(**named)
