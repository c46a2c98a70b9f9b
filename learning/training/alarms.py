"""Fits what the gate takes for an alarm: our own exemplars, sentences made from patterns of them, and, as
what gives no alarm, everything that people ask."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.encoders.types import TextEncoder
from knowledge.shipped_seeds import SHIPPED_SEEDS
from learning.training.config import TrainingFailed
from learning.training.gate_messages import OWN, Kind, rows
from learning.training.judging.logistic import regression
from pipeline.stages.gate.alarm_model import BINS, NOTHING, AlarmModel, wording
from pipeline.stages.gate.exemplars import read_exemplars
from pipeline.stages.gate.intent_classifier import ASKS

ALARMING = frozenset({"crisis", "emergency", "unsafe", "injection"})
_MADE = {"crisis": 900, "emergency": 400, "unsafe": 350, "honest": 1900}
"""How many sentences are made of each group of patterns."""
_OWN_WEIGHT, _WEIGHT = 1.0, 0.5
_MOST_OTHERS = 4000
_WORDING = 1.5  # how much the wording counts beside a vector of length 1
_PENALTY = 20.0
_HARM, _DEEPSET, _JAILBREAKS = "do_not_answer", "deepset_prompt_injections", "jailbreaks_inthewild"
_HARMFUL = ("malicious_uses", "discrimination_exclusion_toxicity_hateful_offensive")
LICENCES = {_HARM: "Apache-2.0", _DEEPSET: "Apache-2.0", _JAILBREAKS: "MIT"}
_NAME = re.compile(r"\{(\w+)\}")


def fit_alarms(known: Sequence[Kind], patterns: Path, encoder: TextEncoder, seed: int) -> AlarmModel:
    """The model of the exemplars and alarming messages among those `known`, of the patterns in a file, and of
    a sample of the other messages. Raises `TrainingFailed` where the file cannot be read or scikit-learn is
    missing."""
    alarming = [
        (each.text, each.kind, _OWN_WEIGHT if each.source == OWN else _WEIGHT)
        for each in known
        if each.source in (OWN, *LICENCES)
    ]
    others = [(each.text, ASKS, _WEIGHT) for each in known if each.source not in (OWN, *LICENCES)]
    others = random.Random(seed).sample(others, min(_MOST_OTHERS, len(others)))  # noqa: S311 - no secret
    made = [(text, kind, _WEIGHT) for kind, texts in made_of(patterns, seed).items() for text in texts]
    texts, kinds, weights = zip(*alarming, *made, *others, strict=True)
    return _fit(texts, np.array([kind if kind in ALARMING else NOTHING for kind in kinds]), weights, encoder)


def read_alarming(data: Path) -> list[Kind]:
    """Requests for harm and attacks on a chat's rules, beside honest messages to the chat that was attacked,
    and our own small talk. Raises `TrainingFailed`."""
    harm, deepset, jailbreaks = (rows(data / "safety" / f"{name}_dev.jsonl") for name in LICENCES)
    small_talk = read_exemplars(SHIPPED_SEEDS)["small_talk"]
    return [
        *(Kind(text, "small_talk", kind, OWN) for kind, texts in small_talk.items() for text in texts),
        *(Kind(row["text"], "unsafe", row["category"], _HARM) for row in harm if row["category"] in _HARMFUL),
        *(
            Kind(row["text"], "injection" if row["injection"] else ASKS, _DEEPSET, _DEEPSET)
            for row in deepset
        ),
        *(Kind(row["text"], "injection", _JAILBREAKS, _JAILBREAKS) for row in jailbreaks),
    ]


def made_of(patterns: Path, seed: int) -> dict[str, list[str]]:
    """Sentences by group, the same ones for a seed. Raises `TrainingFailed`."""
    import yaml

    chance = random.Random(seed)  # noqa: S311 - no secret
    try:
        read: Mapping[str, Any] = yaml.safe_load(patterns.read_text(encoding="utf-8"))
        return {
            group: list(
                dict.fromkeys(
                    _made(lines[turn % len(lines)], read["lists"], chance) for turn in range(_MADE[group])
                )
            )
            for group, lines in read["patterns"].items()
        }
    except (OSError, LookupError, TypeError, ValueError, yaml.YAMLError) as error:
        raise TrainingFailed(f"{patterns} cannot be used: {error}") from error


def _made(pattern: str, lists: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    text = _NAME.sub(lambda name: chance.choice(lists[name[1]]), pattern)
    return " ".join(text.split()).strip(" ,")


def _fit(
    texts: Sequence[str], kinds: NDArray[np.str_], weights: Sequence[float], encoder: TextEncoder
) -> AlarmModel:
    from scipy.sparse import csr_matrix, hstack

    vectors = csr_matrix(encoder.encode(texts))
    features = hstack([vectors, _wordings(texts) * _WORDING]).tocsr()
    model = regression()(C=_PENALTY, max_iter=2000).fit(features, kinds, sample_weight=weights)
    weighed = model.coef_.astype(np.float32)
    dimension = vectors.shape[1]
    return AlarmModel(
        tuple(map(str, model.classes_)),
        weighed[:, :dimension],
        weighed[:, dimension:] * _WORDING,
        model.intercept_.astype(np.float32),
    )


def _wordings(texts: Sequence[str]) -> Any:  # noqa: ANN401 - SciPy has no types
    from scipy.sparse import csr_matrix

    rows = [wording(text) for text in texts]
    ends = np.cumsum([0, *(len(bins) for bins, _ in rows)])
    bins, values = (np.concatenate(part) for part in zip(*rows, strict=True))
    return csr_matrix((values, bins, ends), shape=(len(rows), BINS))
