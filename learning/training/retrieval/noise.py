"""How people type: messages made careless, so that a model is not trained on tidy text alone."""

from __future__ import annotations

from random import Random

from learning.synthesis.wording.typist import LONG_WORD, slip
from learning.training.config import Noise

_SLIPS = ("omitted", "swapped", "doubled")


def typed(message: str, noise: Noise, rng: Random) -> str:
    """`message` as somebody in a hurry would have sent it; often unchanged."""
    if rng.random() < noise.careless:
        message = message.lower().rstrip("?.! ") or message
    if rng.random() < noise.no_apostrophe:
        message = message.replace("'", "").replace("’", "")
    if rng.random() < noise.slip and (words := list(LONG_WORD.finditer(message))):
        at = rng.choice(words)
        slipped = slip(at.group(), rng.choice(_SLIPS), rng)
        message = f"{message[: at.start()]}{slipped}{message[at.end() :]}"
    return message
