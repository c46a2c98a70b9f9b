"""How people type: messages made careless, so that a model is not trained on tidy text alone."""

from __future__ import annotations

from random import Random

from learning.training.config import Noise

_LEAST_CHARACTERS = 12  # a slip in a shorter message may leave nothing to go by


def typed(message: str, noise: Noise, rng: Random) -> str:
    """`message` as somebody in a hurry would have sent it; often unchanged."""
    if rng.random() < noise.careless:
        message = message.lower().rstrip("?.! ") or message
    if rng.random() < noise.no_apostrophe:
        message = message.replace("'", "").replace("’", "")
    if rng.random() < noise.slip and len(message) >= _LEAST_CHARACTERS:
        message = _slip(message, rng)
    return message


def _slip(message: str, rng: Random) -> str:
    """One key missed, two swapped, or one hit twice; never the first character."""
    at = rng.randrange(1, len(message) - 2)
    before, here, after = message[:at], message[at], message[at + 1 :]
    return rng.choice((before + after, before + after[0] + here + after[1:], before + here + here + after))
