"""Whether a message presses for agreement with something, or says what the chat is supposed to have said."""

from __future__ import annotations

import re

_ASKED = r"(?<!can\s)(?<!could\s)(?<!would\s)(?<!will\s)(?<!do\s)(?<!should\s)"
_ADVERBS = (
    r"(?:(?:['’]re|['’]ve"
    r"|\s(?:just|also|even|now|yourself|basically|clearly|literally|are|were|have|do|did|re))\b)*"
)
_SAYING = (
    r"(?:say(?:s|ing)?|said|t(?:ell|elling|old)|admit\w*|agree\w*|confirm\w*|claim\w*|conced\w*"
    r"|impl(?:y|ies|ied)|acknowledg\w*)"
)
_RESTATES = re.compile(
    rf"""\b{_ASKED}(?:you|u|ur|your\s(?:answer|text|page|reply))\b{_ADVERBS}\s+{_SAYING}\b
    |\b(?:as|like)\s(?:you|u)\s(?:said|say|told)\b|\baccording\sto\s(?:you|your)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PRESSES = re.compile(
    r"""^\W*(?:(?:come\son|oh|so|then|now|well|look|listen|please|ok|okay|just|simply|and|but)\b\W*)*
        (?:admit|confirm|concede|agree|say\s(?:it|that|yes|no)|tell\sme\s(?:i|that\si)\b)
    |\b(?:yes\sor\sno|admit\s(?:it|that)|say\s(?:yes|no)|just\ssay)\b""",
    re.IGNORECASE | re.VERBOSE,
)


def presses(text: str) -> bool:
    """Whether a message is about what the chat has said or shall say rather than about a subject: "so you say
    it is forbidden?", "just say yes"."""
    return bool(_RESTATES.search(text) or _PRESSES.search(text))
