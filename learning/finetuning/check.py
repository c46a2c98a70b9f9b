"""Checks training files before anybody pays for them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from knowledge.importing.reading import Unreadable, decode_line
from knowledge.progress import Show
from learning.finetuning.rules import CheckedRow, Finding, checked, faults, form_of
from learning.finetuning.samples import tokens_of
from learning.personal_data import REGIONS, find_personal_data

FEWEST = 10  # samples that the OpenAI API wants
MOST_TOKENS = 65_536  # of a sample: what current models take
_TIMES, _LEAST_ODD = 4.0, 60  # of the median reply, and tokens, from which one is out of the ordinary
_LONG = 7  # words from which an exchange is nobody else's by chance
_USUAL = 0.5  # share of the completions from which their ending is the stop sequence
_ENDINGS = 12  # characters that a stop sequence has at most
_SENTENCE_ENDS = ".!?…\"'”’)]"


def _unseen(share: float, doing: str) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True)
class Checked:
    """All findings, file by file in the order of the lines, and the rows without faults."""

    findings: tuple[Finding, ...]
    train: tuple[CheckedRow, ...]
    validation: tuple[CheckedRow, ...] = ()

    @property
    def errors(self) -> int:
        return sum(not finding.warning for finding in self.findings)

    @property
    def tokens(self) -> int:
        """An estimate for one pass over the training side."""
        return sum(row.tokens for row in self.train)


def check(
    train: Path,
    validation: Path | None = None,
    *,
    most_tokens: int = MOST_TOKENS,
    regions: tuple[str, ...] = REGIONS,
    show: Show = _unseen,
) -> Checked:
    """Raises `OSError` where a file cannot be read."""
    files = [file for file in (train, validation) if file is not None]
    findings: list[Finding] = []
    sides = [tuple(_rows(file, findings)) for file in files]
    for file, side in zip(files, sides, strict=True):
        for number, row in enumerate(side, 1):
            show(number / len(side), f"{file.name}: sample {number:,} of {len(side):,}")
            findings += _alone(row, most_tokens, regions)
        findings += (*_repeated(side), *_out_of_the_ordinary(side), *_endings(side), *_forms(str(file), side))
    if len(sides[0]) < FEWEST:
        findings.append(
            Finding(str(train), 0, f"has {len(sides[0])} usable samples; at least {FEWEST} are needed")
        )
    if len(sides) > 1:
        findings += _leaks(*sides)
    order = [str(file) for file in files]
    findings.sort(key=lambda finding: (order.index(finding.file), finding.line))
    return Checked(tuple(findings), *sides)


def _rows(file: Path, findings: list[Finding]) -> Iterator[CheckedRow]:
    """The rows of a file that can be used; what is wrong with the others goes to `findings`."""
    lines = file.read_bytes().split(b"\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
        try:
            yield _row(str(file), number, line)
        except _Unusable as unusable:
            findings += (Finding(str(file), number, fault) for fault in unusable.faults)


class _Unusable(ValueError):
    """A line that cannot be trained on."""

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.faults = faults


def _row(file: str, number: int, line: bytes) -> CheckedRow:
    try:
        text = decode_line(line)
    except Unreadable as error:
        raise _Unusable(f"is {error}") from None
    if text.startswith("\ufeff"):
        raise _Unusable("starts with a byte order mark")
    if not text.strip():
        raise _Unusable("is empty")
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        raise _Unusable("is not JSON") from None
    if not (form := form_of(row)):
        raise _Unusable("is neither a chat nor a prompt with its completion")
    if wrong := tuple(faults(row, form)):
        raise _Unusable(*wrong)
    return checked(file, number, row, form)


def _alone(row: CheckedRow, most_tokens: int, regions: tuple[str, ...]) -> Iterator[Finding]:
    if row.tokens > most_tokens:
        yield Finding(row.file, row.line, f"has some {row.tokens:,} tokens, more than {most_tokens:,}")
    kinds = {datum.kind for text in row.texts for datum in find_personal_data(text, regions)}
    if kinds:
        yield Finding(row.file, row.line, f"holds personal data: {', '.join(sorted(kinds))}")
    for odd in row.odd:
        yield Finding(row.file, row.line, odd, warning=True)


def _repeated(rows: Sequence[CheckedRow]) -> Iterator[Finding]:
    """The same sample again, and the same prompt with another completion."""
    first: dict[str, CheckedRow] = {}
    for row in rows:
        other = first.setdefault(row.prompt, row)
        if other is not row:
            same = other.completion == row.completion
            text = "repeats" if same else "contradicts, with the same prompt and another completion,"
            yield Finding(row.file, row.line, f"{text} line {other.line}")


def _out_of_the_ordinary(rows: Sequence[CheckedRow]) -> Iterator[Finding]:
    lengths = [tokens_of(row.completion) for row in rows]
    usual = median(lengths) if lengths else 0
    for row, length in zip(rows, lengths, strict=True):
        if length > max(_TIMES * usual, _LEAST_ODD):
            text = f"has a reply of some {length} tokens, where the median is {usual:.0f}"
            yield Finding(row.file, row.line, text, warning=True)


def _endings(rows: Sequence[CheckedRow]) -> Iterator[Finding]:
    """Completions without the stop sequence, and prompts without the separator, that the others end with."""
    rows = [row for row in rows if row.form == "completion"]
    for name, what in (("completion", "the stop sequence"), ("prompt", "the separator")):
        texts = [getattr(row, name) for row in rows]
        if len(rows) > 1 and not (usual := _usual_ending(texts)):
            yield Finding(rows[0].file, 0, f"has no ending, {what}, that the {name}s have in common")
        for row, text in zip(rows, texts, strict=True) if len(rows) > 1 and usual else ():
            if not text.endswith(usual):
                yield Finding(row.file, row.line, f"has a {name} that lacks {what} {usual!r}")


def _usual_ending(texts: Sequence[str]) -> str:
    """The longest ending that most texts share, without the end of a sentence; "" where there is none."""
    for length in range(_ENDINGS, 0, -1):
        ending, count = Counter(text[-length:] for text in texts).most_common(1)[0]
        if count > _USUAL * len(texts):
            return ending.lstrip(_SENTENCE_ENDS)
    return ""


def _forms(file: str, rows: Sequence[CheckedRow]) -> Iterator[Finding]:
    if len({row.form for row in rows}) > 1:
        yield Finding(file, 0, "mixes chats with prompts and completions")


def _leaks(train: Sequence[CheckedRow], validation: Sequence[CheckedRow]) -> Iterator[Finding]:
    """Samples of the validation side that share their prompt, or an exchange, with the training side."""
    prompts = {row.prompt: row for row in train}
    spoken: dict[str, CheckedRow] = {}
    for row in train:
        for exchange in row.exchanges:
            spoken.setdefault(exchange, row)
    for row in validation:
        known = prompts.get(row.prompt) or next(
            (spoken[each] for each in row.exchanges if each in spoken and len(each.split()) >= _LONG), None
        )
        if known is not None:
            yield Finding(row.file, row.line, f"is in the training file too, line {known.line}")
