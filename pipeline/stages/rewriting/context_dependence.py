"""Whether a message can be understood without the conversation before it.

A logistic model over cues that a reader would name: a pronoun that nothing in the message explains,
"this", "another", a bare "the results", few words that name anything. `learning.training.rewriter` fits it;
the weights lie on the rewriter's card.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from knowledge.types import Logistic
from pipeline.english.language import stem
from pipeline.english.lexicon import AUXILIARIES, BARE_CONTRACTIONS, FUNCTION_WORDS
from pipeline.english.words import TERM
from pipeline.types import Message, Role

VAGUE = frozenset(
    """tell describe explain know think mean thing things way ways kind kinds type types sort important need
    want help work works use used good best different difference differences main major common happen happens
    happened give go going let show information example examples list find see say said talk mentioned cause
    causes caused reason reasons come came take took long old big become became start started end ended famous
    call called first last next please ok okay thanks thank yes no sure hello hi hey great nice something
    anything someone anyone about wanted wondering question""".split()
)
"""Content words that name no subject."""

PERSONAL = frozenset(
    """it its it's they them their theirs they're he him his he's she her hers she's itself
    themselves himself herself""".split()
)
_ACKNOWLEDGEMENT = re.compile(
    r"^(?:(?:ok(?:ay)?|thanks?(?: you)?(?: so much| a lot)?|well|oh|hmm|yes|yeah|no|great|interesting|wow"
    r"|nice|cool|perfect|got it|i see|alright|sure)\b[\s,.!:;-]+)+"
)
_EXPLETIVE = re.compile(
    r"\b(?:(?:is|was|would) (?:it|that)|it(?: i|['’])s|it (?:was|would be))"
    r" (?:\w+ )?\w+ (?:to|that|if|for|when)\b"
)
_VERB = r"(?:is|was|are|were|do|does|did|can|would|will|mean|happen)"
_CUES = {
    "points": re.compile(rf"\b(?:this|that|these|those)(?: {_VERB}\b|$)"),
    "one_of_them": re.compile(r"\bones?\b(?! (?:of|in|day|time|year|month|week)\b)"),
    "other": re.compile(r"\b(?:others?|another|else|same|too|instead|besides)\b"),
    "asks_what_is": re.compile(
        r"^(?:what|who|how|when|where|why) (?:is|are|was|were|does|do|did) (?:a |an )?\w+(?: \w+)?$"
    ),
    "you": re.compile(r"\byou\b"),
}
_ELLIPSIS = re.compile(
    r"^(?:(?:and|but|so|or) )?(?:what|how) about (?P<rest>.+)$|^(?:and|or|but) (?P<more>.+)$"
)
NAME = re.compile(r"(?<![.?!] )(?<!^)\b[A-Z][a-z]+|\b[A-Z0-9]*[A-Z][A-Z0-9]+\b")
_SELF_SUFFICIENT = frozenset("of that who which to between for in".split())
_VERBAL = AUXILIARIES | frozenset(
    "what who where when why how which i you we my tell describe explain".split()
)

_JOINING = frozenset("and if because but or when".split())
_CONJUNCTIONS = frozenset("and but so or then also".split())
_TAKES_LEAVE = re.compile(r"\b(?:thank you|thanks|appreciate)\b")
_STATEMENT = re.compile(r"^(?:so |and |but |well )?(?:i|i'm|im|i've|ive|my|we|we're|our)\b")
_CHANGE_OF_SUBJECT = re.compile(
    r"^(?:(?:something|anything) (?:else|different)|another (?:thing|question|topic|subject)"
    r"|(?:new|different|separate|unrelated|next) (?:question|topic|subject|thing)"
    r"|(?:on|to) (?:a|another) (?:different )?(?:note|matter|topic|subject)"
    r"|(?:to )?(?:change|changing|switch|switching) (?:the )?(?:topics?|subjects?))\b[\s,.:;!–—-]+"
)
_AFTER_A_CLAIM = frozenset("know think heard hear true said say so sure believe told claim read".split())
_NO_DETERMINER = _VERBAL | frozenset("the a an this that they it he she your there my our".split())
_ENOUGH_TO_EXPLAIN = 2
_FEW = 4
_BRIEF_WORDS, _LETTERS_A_WORD = 4, 3  # the second where words are not parted, as in Chinese

SURELY_DEPENDS = 0.85
"""From this probability on a message refers to something, and the likeliest of what was said is taken."""
_READ = 600  # characters of an earlier message


@dataclass(frozen=True, slots=True)
class ContextDependence:
    """The probability that a message needs what was said before. A message below `alone_below` is left as it
    is: the higher, the fewer messages are changed that a human would leave alone."""

    model: Logistic
    alone_below: float

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> ContextDependence:
        """From the card's `weights`, bias and `alone_below`. Raises `LookupError`, `TypeError` and
        `ValueError` where these are not there."""
        known = {name: float(weight) for name, weight in weights["weights"].items()}
        if unknown := known.keys() - features("").keys():
            raise ValueError(f"unknown cues: {', '.join(sorted(unknown))}")
        return cls(Logistic(known, float(weights["bias"])), float(weights["alone_below"]))

    def __call__(
        self, text: str, history: Sequence[Message] = (), ubiquitous: Set[str] = frozenset()
    ) -> float:
        """`ubiquitous` words tell nothing in this knowledge base: "vaccine" in one about vaccines."""
        spoken = spoken_words(text)
        if _TAKES_LEAVE.search(text.lower()) and "?" not in text:
            return 0.0
        if _is_elliptic(spoken, ubiquitous):
            return 1.0
        return self.model.probability(features(text, history, ubiquitous))


def features(
    text: str, history: Sequence[Message] = (), ubiquitous: Set[str] = frozenset()
) -> dict[str, float]:
    """The cues of one message, each 0 or 1."""
    spoken = spoken_words(text)
    said = _EXPLETIVE.sub(" ", spoken).split()
    subjects = [word for word in said if subject(word, ubiquitous)]
    pronoun = next((place for place, word in enumerate(said) if word in PERSONAL), None)
    explained = sum(bool(subject(word, ubiquitous)) for word in said[:pronoun])
    definite = _bare_definite(said, text)
    previous = next((each.text for each in reversed(history) if each.role is Role.USER), "")
    cues = {cue: bool(pattern.search(" ".join(said))) for cue, pattern in _CUES.items()}
    cues |= {f"pronoun_after_{n}": pronoun is not None and min(explained, 2) == n for n in range(3)}
    cues |= {f"subjects_{n}": len(subjects) == n for n in range(4)}
    cues |= {
        "demonstrative": _demonstrative(said, ubiquitous),
        "pronoun_joined": bool(explained and pronoun and _JOINING & set(said[pronoun - 3 : pronoun])),
        "bare_definite": bool(definite),
        "only_definite": bool(definite) and definite.issuperset(subjects),
        "name": bool(NAME.search(text)) and not text.isupper(),
        "conjunction": said[:1] != [] and said[0] in _CONJUNCTIONS,
        "no_verb": not _VERBAL & set(said),
        "after_a_statement": _is_statement(previous) and not _is_statement(text),
    }
    return {name: float(value) for name, value in cues.items()}


def stems(text: str) -> set[str]:
    """The stems of the words that name something in the beginning of a text."""
    return {
        stem(base) for word in TERM.findall(text[:_READ]) if (base := subject(word.lower().replace("’", "'")))
    }


def spoken_words(text: str) -> str:
    """The words in lower case, one space apart, without an acknowledgement or "something else:" in front."""
    lower = text.strip().lower().replace("’", "'")
    rest = _CHANGE_OF_SUBJECT.sub("", _ACKNOWLEDGEMENT.sub("", lower))
    return " ".join(TERM.findall(rest or lower))


def subject(word: str, ubiquitous: Set[str] = frozenset()) -> str:
    """The lower-case word without its ending `'s`, if it names something in particular; else nothing."""
    base = word.split("'")[0]
    empty = base in FUNCTION_WORDS or base in BARE_CONTRACTIONS or base in VAGUE or base in ubiquitous
    return "" if empty else base


def _is_statement(text: str) -> bool:
    """Whether the user speaks of their own situation and asks nothing."""
    return "?" not in text and bool(_STATEMENT.match(text.strip().lower().replace("’", "'")))


def _is_elliptic(spoken: str, ubiquitous: Set[str]) -> bool:
    """ "what about kids", "and for the second one": a rest of at most two subjects and no verb of its own; or
    a few words that name nothing at all: "why", "tell me more"."""
    words = spoken.split()
    if 0 < len(words) <= _FEW and not any(subject(word, ubiquitous) for word in words):
        return True
    match = _ELLIPSIS.match(spoken)
    if match is None:
        return False
    rest = (match["rest"] or match["more"]).split()
    return sum(bool(subject(word, ubiquitous)) for word in rest) <= 2 and not (
        match["more"] and _VERBAL & set(rest)
    )


def _demonstrative(words: list[str], ubiquitous: Set[str]) -> bool:
    """ "these rules", "that vaccine", before anything that they may mean; not the "that" which opens a
    clause: "heard that", "the rules that"."""
    for place, word in enumerate(words[:-1]):
        before = words[place - 1] if place else ""
        clause = word == "that" and (before in _AFTER_A_CLAIM or (before and before not in FUNCTION_WORDS))
        if word in {"this", "that", "these", "those"} and not clause:
            named = sum(bool(subject(each, ubiquitous)) for each in words[:place])
            return words[place + 1] not in _NO_DETERMINER and named < _ENOUGH_TO_EXPLAIN
    return False


def _bare_definite(words: list[str], text: str) -> set[str]:
    """The nouns of "the results" or "the second trial" with nothing after them that says which; "The Times"
    is a name."""
    for place, word in enumerate(words[:-1]):
        following = words[place + 1 :]
        nouns = next((n for n, each in enumerate(following) if each in FUNCTION_WORDS), len(following))
        after = following[nouns] if nouns < len(following) else ""
        bare = word == "the" and 1 <= nouns <= 2 and after not in _SELF_SUFFICIENT
        if bare and not re.search(rf"\b[Tt]he {re.escape(following[0]).capitalize()}", text):
            return set(following[:nouns])
    return set()


def brief(text: str) -> bool:
    """Whether a message in a language of which no words are known here is so short that it may lean on what
    was said before it."""
    words = text.split()
    unparted = len(words) == 1 and not text.isascii()
    return (len(text) // _LETTERS_A_WORD if unparted else len(words)) <= _BRIEF_WORDS
