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
_ELSEWHERE = 0.35  # share of the unsupported claims that are about something else than the evidence
_BESIDE = 0.35  # share of the evidence that has a finding about something else beside the one in question
_DOUBLE = 0.2  # share of the claims that say a second thing
_TABLES = {"findings": 5, "remedies": 3, "comparisons": 1}
_SUBJECTS = {"findings": "am", "remedies": "ac", "comparisons": "m"}
Things = Mapping[str, str]


def finding_claims(count: int, rng: random.Random) -> list[Claim]:
    """`count` claims, a little less than half of them supported."""
    makers = (_relation, _relation, _relation, _membership)
    return [rng.choice(makers)(index % 2 == 0, rng) for index in range(count)]


@cache
def _vocabulary() -> Mapping[str, Any]:
    vocabulary: Mapping[str, Any] = yaml.safe_load(VOCABULARY.read_text("utf-8"))
    return vocabulary


def _relation(supported: bool, rng: random.Random) -> Claim:
    """A finding of one domain with a claim that it bears out, or with one that it does not."""
    words = _vocabulary()
    table = rng.choices(list(_TABLES), weights=list(_TABLES.values()))[0]
    kinds = words[table]
    things, beside, other = _things(rng.choice(words["domains"]), rng)
    told = rng.choice([kind for kind in kinds if "evidence" in kinds[kind]])
    elsewhere = not supported and rng.random() < _ELSEWHERE
    claimed = rng.choice(
        [
            kind
            for kind in kinds
            if (told in BORNE_OUT[kind]) is (supported or elsewhere) and (kind, told) not in _DEBATABLE
        ]
    )
    moved = "c" if told == "nothing" else rng.choice(_SUBJECTS[table])
    spoken = {**things, moved: other[moved]} if elsewhere else things
    evidence = [_said(kinds[told]["evidence"], things, rng)]
    said = _said(kinds[claimed]["claims"], spoken, rng)
    direction = words["findings"][rng.choice(("up", "down", "none"))]
    if rng.random() < _BESIDE:
        evidence.append(_said(direction["evidence"], beside, rng))
        if rng.random() < _DOUBLE:
            said = f"{said.rstrip('.')}, and {_lowered(_said(direction['claims'], beside, rng))}"
    elif supported and rng.random() < _DOUBLE:  # what goes beyond the evidence is not borne out
        said = f"{said.rstrip('.')}, and {_lowered(_said(direction['claims'], beside, rng))}"
        supported = False
    return _claim(said, evidence, supported, rng)


def _membership(supported: bool, rng: random.Random) -> Claim:
    """A list of what belongs to something, with a claim about one of its members or about a stranger."""
    words = _vocabulary()
    table = rng.choice(words["lists"])
    (x, y), name = rng.sample(table["subject"], 2), rng.choice(_names(table["name"]))
    i, j, k, o = rng.sample(table["members"], 4)
    things = {"x": x, "y": y, "i": i, "j": j, "k": k, "o": o, "q": name, "p": f"{name}s"}
    evidence = [_said(words["list_evidence"], things, rng)]
    said = _said(words["list_held" if supported else "list_broken"], things, rng)
    return _claim(said, evidence, supported, rng)


def _claim(text: str, evidence: list[str], supported: bool, rng: random.Random) -> Claim:
    """The evidence in some order, at times with a sentence around it that says nothing of the matter."""
    around = rng.sample(_vocabulary()["fillers"], rng.choice((0, 0, 1, 2)))
    openings = _vocabulary()["openings"]
    told = " ".join(rng.sample([*evidence, *around], len(evidence) + len(around)))
    said = rng.choice(openings["evidence"]) + told
    spoken = rng.choice(openings["claims"]) + text
    spoken = spoken if rng.random() < 0.7 else spoken.rstrip(".").lower()
    return Claim(spoken, said, supported, "finding", f"{text} {said}")


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
