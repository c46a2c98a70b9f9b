"""The inside of a turn. Nothing in this module ever leaves `pipeline`, except as an admin's trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from knowledge.types import Hit
from pipeline.llm.usage import ModelCall
from pipeline.memory.items import Item
from pipeline.types import Outcome, Question, TurnContext


class Topic(StrEnum):
    ON_TOPIC = "on_topic"
    DOUBTFUL = "doubtful"  # maybe about something else: answered only where an entry surely does
    OFF_TOPIC = "off_topic"
    SMALL_TALK = "small_talk"
    FRAGMENT = "fragment"  # cannot be understood alone: a question back is due
    UNSAFE = "unsafe"
    CRISIS = "crisis"  # somebody may harm themselves: the crisis text, and nothing else
    EMERGENCY = "emergency"  # a medical emergency: the emergency text first, then the entry if one answers


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a stage's two engines said where both were asked: the first one's probability, and the second
    one's, or whether it said yes where it said no more than that."""

    first: float
    second: float


@dataclass(frozen=True, slots=True)
class TopicVerdict:
    """`probability` that the message is about the knowledge base's topics. `kind` narrows the topic down to
    the reply that fits it: greeting, thanks, farewell, about_bot, how_are_you, ... for small talk.
    `language` is that of `Question`."""

    topic: Topic
    probability: float
    kind: str = ""
    opinion: Opinion | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A standalone query, and up to three others to try, once each, if it finds nothing useful. `retry`
    marks one of those: what only another wording found has to convince more, and so what was found for a
    message that is `doubtful`, maybe about something else. `leaning`: how probably the
    message cannot be understood without the conversation; `asks`: what the user really wants to know, where
    an engine says so; `borrowed`: words of the conversation that were brought into `text`, and `own` what
    the user said without them, empty where that is all of it; `remembered`: what was said long ago and is
    searched for too. `language` and `context` are those of `Question`."""

    text: str
    alternates: tuple[str, ...] = ()
    used_history: bool = False
    retry: bool = False
    doubtful: bool = False
    leaning: float = 0.0
    asks: str = ""
    own: str = ""
    borrowed: tuple[str, ...] = ()
    remembered: Item | None = None
    language: str = ""
    context: TurnContext = field(default_factory=TurnContext, compare=False, repr=False)

    @classmethod
    def of(cls, question: Question) -> SearchQuery:
        """The message as it is."""
        return cls(question.text, language=question.language, context=question.context)

    def attempts(self) -> Iterator[SearchQuery]:
        """The query itself, then each alternate as a query without alternates."""
        yield self
        for text in self.alternates:
            yield replace(self, text=text, alternates=(), retry=True, own="")


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Hits for one query, best first. Not evidence: nothing has judged them yet."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A hit judged to answer the query, with the calibrated probability that it does."""

    hit: Hit
    probability: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the relevance check let through: the one entry that answers, or none. Citation number n refers to
    `accepted[n - 1]`. Made by the relevance check, or of a curated question. Where it is torn, nothing is
    accepted and `offered` are the entries, best first, of whose questions one may be meant. `judged` keeps
    every candidate's probability for the trace; `answerable` is the probability that any of them answers."""

    query: SearchQuery
    accepted: tuple[Accepted, ...]
    judged: tuple[tuple[str, float], ...] = ()
    answerable: float = 0.0
    opinion: Opinion | None = None
    offered: tuple[Accepted, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.accepted)

    @property
    def support(self) -> float:
        """The probability that the best candidate answers."""
        return max((probability for _, probability in self.judged), default=0.0)


class SentenceKind(StrEnum):
    BLOCK = "block"  # a block of the entry that it cites, word for word
    CLAIM = "claim"  # says something about the world in other words: must be supported by what it cites
    HOUSE = "house"  # a phrase of the house voice, said only beside a supported claim


@dataclass(frozen=True, slots=True)
class Sentence:
    """One piece of a draft: a sentence, or a block. `cites` are numbers into `Evidence.accepted`, counted
    from 1. `before` is the white space that sets it off from what was said before it; behind a piece that
    ends in a table or code, its mark stands `apart`, on a line of its own, where it breaks neither. A
    phrase of the house that the answer would mislead without is `needed`."""

    text: str
    cites: tuple[int, ...] = ()
    kind: SentenceKind = SentenceKind.CLAIM
    before: str = " "
    apart: bool = False
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sentence may be said, how sure the check is (0..1), and why not. `debatable`: no rule decided
    but a probability, so that a second opinion may be had."""

    supported: bool
    probability: float
    reason: str = ""
    debatable: bool = False
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    sentence: Sentence
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Degraded:
    """A stage did not do its work; `fallback` says what was done instead."""

    stage: str
    reason: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Sentences that the grounding check left open, with the verdicts that a review gave them."""

    checked: tuple[Checked, ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """A draft has ended, after so many sentences."""

    sentences: int


StepResult = TopicVerdict | SearchQuery | Retrieved | Evidence | Composed | Checked | Reviewed | Degraded


@dataclass(frozen=True, slots=True)
class Step:
    """`calls` are those to a large language model that this step made."""

    result: StepResult
    engine: str
    elapsed_ms: float
    calls: tuple[ModelCall, ...] = ()


@dataclass(slots=True)
class Turn:
    """The journal of one turn, written by `ChatPipeline` alone."""

    id: str
    question: Question
    release_id: str = ""
    steps: list[Step] = field(default_factory=list)
    outcome: Outcome | None = None


def to_trace(turn: Turn) -> dict[str, Any]:
    """The turn as JSON-ready data for administrators. Entries are named, not copied."""
    return {
        "id": turn.id,
        "question": turn.question.text,
        "release_id": turn.release_id,
        "outcome": turn.outcome.value if turn.outcome else None,
        "steps": [
            {
                "step": type(step.result).__name__,
                "engine": step.engine,
                "elapsed_ms": round(step.elapsed_ms, 3),
                "result": _plain(step.result),
                "calls": [asdict(call) for call in step.calls],
            }
            for step in turn.steps
        ],
    }


def _plain(result: StepResult) -> dict[str, Any]:
    match result:
        case TopicVerdict():
            return _verdict(result)
        case SearchQuery():
            return _query(result)
        case Retrieved():
            return {"hits": [_hit(each) for each in result.hits]}
        case Evidence():
            return _evidence(result)
        case Composed():
            return {"sentences": result.sentences}
        case Checked():
            return _checked(result)
        case Reviewed():
            return {"checked": [_checked(each) for each in result.checked]}
        case Degraded():
            return {"stage": result.stage, "reason": result.reason, "fallback": result.fallback}


def _verdict(verdict: TopicVerdict) -> dict[str, Any]:
    return {
        "topic": verdict.topic.value,
        "probability": verdict.probability,
        "kind": verdict.kind,
        **({"language": verdict.language} if verdict.language else {}),
        **_opinion(verdict.opinion),
    }


def _query(query: SearchQuery) -> dict[str, Any]:
    return {
        "text": query.text,
        "alternates": list(query.alternates),
        "used_history": query.used_history,
        "leaning": query.leaning,
        "asks": query.asks,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    query = evidence.query
    return {
        "query": query.text,
        "retry": query.retry,
        "doubtful": query.doubtful,
        "accepted": [item.hit.entry.id for item in evidence.accepted],
        "offered": [item.hit.entry.id for item in evidence.offered],
        "judged": dict(evidence.judged),
        "answerable": evidence.answerable,
        **({"remembered": query.remembered.id} if query.remembered else {}),
        **_opinion(evidence.opinion),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "entry_id": hit.entry.id,
        "view": hit.passage.view.value,
        "score": hit.score,
        "question_cosine": hit.question_cosine,
        "answer_cosine": hit.answer_cosine,
        "lexical": hit.lexical,
    }


def _checked(checked: Checked) -> dict[str, Any]:
    return {
        "text": checked.sentence.text,
        "cites": list(checked.sentence.cites),
        "kind": checked.sentence.kind.value,
        "supported": checked.verdict.supported,
        "probability": checked.verdict.probability,
        "reason": checked.verdict.reason,
        **_opinion(checked.verdict.opinion),
    }


def _opinion(opinion: Opinion | None) -> dict[str, Any]:
    return {"opinion": {"first": opinion.first, "second": opinion.second}} if opinion else {}
