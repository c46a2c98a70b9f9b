"""Messages as people type them: a clean wording made careless, as often as a profile of real ones says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from learning.synthesis.wording.keyboard import NEIGHBOURS
from learning.synthesis.wording.noise_profile import LEAST_LETTERS, NoiseProfile

LONG_WORD = re.compile(rf"[^\W\d_]{{{LEAST_LETTERS},}}")
_ARTICLES = re.compile(r"(?:^(?:is|are|do|does)|\b(?:the|a|an)) (?=\w)", re.IGNORECASE)
_DROPS_WORDS = 0.35  # of the messages without a closing mark: who saves keys saves words


@dataclass(frozen=True, slots=True)
class Typist:
    """`slang` maps lower-case plain words to what people write for them."""

    profile: NoiseProfile
    slang: Mapping[str, Sequence[str]]

    def __call__(self, text: str, rng: Random) -> str:
        """The message as typed; sometimes it stays as it is."""
        profile = self.profile
        if rng.random() < profile.slang:
            text = self._with_slang(text, rng)
        bare = rng.random() < profile.no_closing_mark
        if bare:
            text = text.rstrip(" .?!") or text
            if rng.random() < _DROPS_WORDS:
                text = _ARTICLES.sub("", text, count=2)
        elif rng.random() < profile.repeated_mark and text[-1:] in "?!.":
            text += text[-1] * rng.randint(1, 3)
        if rng.random() < profile.no_apostrophe:
            text = re.sub(r"(?<=\w)['’](?=\w)", "", text)
        text = " ".join(self._slipped(word, rng) for word in text.split(" "))
        if rng.random() < profile.shouted:
            return text.upper()
        return self._cased(text, rng)

    def _cased(self, text: str, rng: Random) -> str:
        if rng.random() < self.profile.small_letter:
            return text.lower()
        return text[:1].upper() + text[1:]

    def _with_slang(self, text: str, rng: Random) -> str:
        """One word or phrase as people write it in chats."""
        known = [plain for plain in self.slang if re.search(rf"\b{re.escape(plain)}\b", text, re.IGNORECASE)]
        if not known:
            return text
        plain = rng.choice(known)
        said = rng.choice(self.slang[plain])
        return re.sub(rf"\b{re.escape(plain)}\b", said, text, count=1, flags=re.IGNORECASE)

    def _slipped(self, word: str, rng: Random) -> str:
        if rng.random() >= self.profile.slip or not LONG_WORD.search(word):
            return word
        kinds = [*self.profile.slips]
        kind = rng.choices(kinds, [self.profile.slips[each] or 1e-9 for each in kinds])[0]
        return slip(word, kind, rng)


def slip(word: str, kind: str, rng: Random) -> str:
    """`word`, of at least four letters, with one slip of a key; never of its first letter."""
    at = rng.randrange(1, len(word) - 1)
    near = NEIGHBOURS.get(word[at].lower(), "e")
    made = {
        "omitted": word[:at] + word[at + 1 :],
        "swapped": word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        "doubled": word[:at] + word[at] + word[at:],
        "added": word[:at] + rng.choice(near) + word[at:],
        "other": word[:at] + rng.choice(near) + word[at + 1 :],
    }
    return made[kind]


def reversed_slang(plain_words: Mapping[str, str]) -> dict[str, list[str]]:
    """From slang to plain words: from plain words to all slang for them."""
    found: dict[str, list[str]] = {}
    for said, plain in plain_words.items():
        if plain:
            found.setdefault(plain.lower(), []).append(said)
    return found
