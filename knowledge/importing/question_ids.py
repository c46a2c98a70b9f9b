"""Ids made from questions: the same for the same question, whatever else is in the file."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from knowledge.twins import question_key

_LONGEST = 80


def id_of(question: str) -> str:
    """A slug of the question's words. Where it cannot hold them all (another alphabet, signs, many words), it
    ends with a part of their SHA-256, so that no two questions share one."""
    words = _unaccented(question_key(question))
    slug = "-".join(re.findall(r"[a-z0-9]+", words))
    if slug.replace("-", " ") == words and 0 < len(slug) <= _LONGEST:
        return slug
    digest = hashlib.sha256(words.encode()).hexdigest()[:8]
    begun = slug[:_LONGEST].rpartition("-")[0] if len(slug) > _LONGEST else slug
    return f"{begun or 'q'}-{digest}"


def _unaccented(text: str) -> str:
    """Accents of Latin letters are left out; those of other alphabets tell words apart."""
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", apart))
