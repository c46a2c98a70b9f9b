"""What an evaluation asks and what it saw: the types that suites, runs, figures and reports share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge.types import Entry
from learning.evaluation.fates import Fate
from learning.voice.transcripts import Conversation
from pipeline.types import Outcome, Question


@dataclass(frozen=True, slots=True)
class Case:
    """One question of a suite. `expect` is what must happen; None where the suite says only what must not:
    the question must not be answered. `entry_ids` are all entries that truly answer, the best one first.
    `kind` groups cases in the reports (crowd, real, near_domain, chitchat, ...). `rewrite` is a human's
    standalone wording of a question with a history, empty where there is none. `needs_all`: the message asks
    several things, and each of the entries answers one of them. `asked_at` is when, in ISO 8601 and one time
    zone, empty where that is not known."""

    id: str
    question: Question
    expect: Outcome | None
    kind: str
    entry_ids: tuple[str, ...] = ()
    rewrite: str = ""
    needs_all: bool = False
    asked_at: str = ""

    @property
    def answerable(self) -> bool:
        return bool(self.entry_ids)


@dataclass(frozen=True, slots=True)
class Pair:
    """A text and what it is held against, with the truth: of a question, whether the passage answers it; of
    a claim, whether the evidence supports it. `group` keeps rows together that are not independent."""

    id: str
    text: str
    passage: str
    positive: bool
    kind: str
    group: str


@dataclass(frozen=True, slots=True)
class Suite:
    """A knowledge base with its questions, pairs for single stages, and example conversations in the voice
    that is wanted, with the `files` that they are from. Parts may be empty."""

    name: str
    entries: tuple[Entry, ...] = ()
    cases: tuple[Case, ...] = ()
    relevance_pairs: tuple[Pair, ...] = ()
    grounding_pairs: tuple[Pair, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    files: Mapping[Conversation, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What a stage's specialist and the language model said where both were asked, each as a probability; 1
    or 0 of a model that said yes or no."""

    stage: str
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the relevance check said of one wording of a question, in the `search` that was the n-th of its
    turn (a message of several questions takes several; 0: a curated question, so that nothing was
    searched): that anything found answers, and that each candidate does, best first. The other fields are
    those of `SearchQuery`."""

    search: int
    retry: bool
    doubtful: bool
    used_history: bool
    answerable: float
    judged: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case in the real chain. `cited` are entry ids in the order of their numbers. `found`
    are the entries that retrieval gave for the query that was used, best first, `found_raw` those for the
    message as it stood, `found_rewrite` those for the human's rewrite (empty where there is none).
    `on_topic` is the gate's probability, `topic` its verdict; `judged` each candidate's probability that it
    answers, of the attempt that decided; empty where the stage was not reached. `query` is what was searched
    for. `calls` and tokens are those of language models in the turn; `degraded` names the stages that did not
    do their work. `reply` and `suggestions` are what the user saw; `fate` is what that makes of the case:
    None in runs of before it was kept, and where the suite does not say what is right. `attempts` are all
    that the relevance check judged, in order."""

    case: Case
    outcome: Outcome
    cited: tuple[str, ...]
    topic: str
    on_topic: float
    query: str
    found: tuple[str, ...]
    found_raw: tuple[str, ...]
    found_rewrite: tuple[str, ...]
    judged: Mapping[str, float] = field(default_factory=dict)
    elapsed_ms: float = 0.0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    opinions: tuple[SecondOpinion, ...] = ()
    degraded: tuple[str, ...] = ()
    reply: str = ""
    suggestions: tuple[str, ...] = ()
    fate: Fate | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def answered(self) -> bool:
        return self.outcome is Outcome.ANSWERED

    @property
    def right_first(self) -> bool:
        return bool(self.cited) and self.cited[0] in self.case.entry_ids

    @property
    def right_cited(self) -> bool:
        return any(entry_id in self.case.entry_ids for entry_id in self.cited)

    @property
    def confidence(self) -> float:
        """The best candidate's probability, by which answers are ordered on a risk-coverage curve."""
        return max(self.judged.values(), default=0.0)


@dataclass(frozen=True, slots=True)
class PairResult:
    """`probability` that the pair is positive, as the stage's engine says."""

    pair: Pair
    probability: float


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A user's line of an example conversation that the chain answered, in the voice of all the other
    conversations: the chatbot's `line` there, our `reply` without citation marks, and `plain`, the claims of
    the reply without any house phrase."""

    conversation: str
    line: str
    reply: str
    plain: str


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """All that one evaluation of a suite saw. `system` names what was measured (version, models, profile)."""

    suite: str
    system: Mapping[str, str]
    cases: tuple[CaseResult, ...] = ()
    relevance: tuple[PairResult, ...] = ()
    grounding: tuple[PairResult, ...] = ()
    voice: tuple[SpokenTurn, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap interval over `n` independent units."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Example:
    """A case that went wrong, for people to read. `problem` names how."""

    case_id: str
    kind: str
    message: str
    problem: str
    wanted: str
    got: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a plot, x ascending."""

    name: str
    x_label: str
    y_label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class SuiteFigures:
    """A suite's figures by section ("replies", "gate", "rewriter", "retrieval", "relevance", "grounding",
    "voice", "end to end", "latency") and name, in the order of showing, with plots, examples of failures, and
    the verdict in `words` that need no explanation, a line each."""

    suite: str
    system: Mapping[str, str]
    sections: Mapping[str, Mapping[str, Estimate]]
    curves: tuple[Curve, ...] = ()
    examples: tuple[Example, ...] = ()
    words: tuple[str, ...] = ()
