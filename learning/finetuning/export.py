"""Conversations to training and validation files, without personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.progress import Show
from learning.finetuning.formats import ChatFormat, CompletionFormat, Row
from learning.finetuning.samples import Sample, capped, held_out, samples_of, tokens_of
from learning.personal_data import REGIONS, without_personal_data
from learning.voice.transcripts import Conversation
from pipeline.types import Message

MOST_TOKENS = 2048
VALIDATION = 0.15  # of the conversations


def _unseen(share: float, doing: str) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True)
class Exported:
    """Rows of the two sides, and what became of the rest: `taken_out` counts personal data by kind,
    `too_long` samples that do not fit, `repeated` those whose prompt was there already, on either side."""

    train: tuple[Row, ...]
    validation: tuple[Row, ...]
    conversations: int
    taken_out: Mapping[str, int] = field(default_factory=dict)
    too_long: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Options:
    """`most_tokens` of a sample; `validation`, the share of conversations held back, chosen by `seed`;
    `regions` whose phone numbers are known; `passages` finds what a reply should stand on."""

    most_tokens: int = MOST_TOKENS
    validation: float = VALIDATION
    seed: int = 0
    regions: tuple[str, ...] = REGIONS
    passages: Callable[[Sample], Sequence[str]] | None = None
    show: Show = _unseen


def export(
    talks: Sequence[Conversation], form: ChatFormat | CompletionFormat, options: Options | None = None
) -> Exported:
    """A row for each line of the chatbot; no conversation is on both sides, nor a prompt twice."""
    options = options or Options()
    taken_out: Counter[str] = Counter()
    cleaned: dict[Conversation, None] = {}
    for number, talk in enumerate(talks, 1):
        options.show(number / len(talks) / 2, f"cleaning conversation {number:,} of {len(talks):,}")
        clean, found = without_personal_data(talk, options.regions)
        taken_out += found
        cleaned.setdefault(clean)  # a conversation that is there twice must not be on both sides
    named = {f"{number:06}": talk for number, talk in enumerate(cleaned)}
    rows = _Rows(form, options.most_tokens)
    telling = [name for name, talk in named.items() if any(samples_of(name, talk))]
    aside = held_out(telling, options.validation, options.seed)
    for number, (name, talk) in enumerate(named.items(), 1):
        options.show(0.5 + number / len(named) / 2, f"sampling conversation {number:,} of {len(named):,}")
        for sample in samples_of(name, talk):
            found_for = tuple(options.passages(sample)) if options.passages else ()
            rows.add(Sample(name, sample.history, sample.reply, found_for), aside=name in aside)
    return Exported(
        tuple(rows.train), tuple(rows.validation), len(named), taken_out, rows.too_long, rows.repeated
    )


@dataclass(slots=True)
class _Rows:
    """Gathers the rows of both sides."""

    form: ChatFormat | CompletionFormat
    most_tokens: int
    train: list[Row] = field(default_factory=list)
    validation: list[Row] = field(default_factory=list)
    seen: set[tuple[tuple[Message, ...], tuple[str, ...]]] = field(default_factory=set)
    too_long: int = 0
    repeated: int = 0

    def add(self, sample: Sample, *, aside: bool) -> None:
        short = capped(sample, self.most_tokens, tokens_of(self.form.system))
        if short is None:
            self.too_long += 1
            return
        prompt = (short.history, short.passages)
        if prompt in self.seen:
            self.repeated += 1
            return
        self.seen.add(prompt)
        (self.validation if aside else self.train).append(self.form.row(short))
