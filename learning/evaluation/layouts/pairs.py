"""Suites of pairs: whether a passage answers a question, whether evidence supports a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from knowledge.sentences import split_sentences
from learning.evaluation.layouts.passages import among_own_passages
from learning.evaluation.layouts.rows import Foreign, one_side, rows_of_side
from learning.evaluation.records import Pair, Suite

_SETTLED_OTHERWISE = {"generic", "uncooperative"}  # labels of replies that state nothing to be supported


class _Squad(Foreign):
    id: str
    context: str
    question: str
    answerable: bool


class _HealthVer(Foreign):
    id: str
    question: str
    claim: str
    evidence: str
    label: str


class _Begin(Foreign):
    knowledge: str
    response: str
    label: str


class _FaithDial(Foreign):
    knowledge: str
    response: str
    labels: tuple[str, ...]
    hallucinated: bool


class _HaluEval(Foreign):
    knowledge: str
    question: str
    right_answer: str
    hallucinated_answers: tuple[str, ...]


class _Wice(Foreign):
    id: str
    claim: str
    evidence: tuple[str, ...]
    label: str


class _Misconception(Foreign):
    misconception: str
    correction: str


def squad(folder: Path) -> Suite:
    """Questions that their paragraph answers, and such as only seem to be answered by it."""
    pairs = (
        Pair(row.id, row.question, row.context, row.answerable, "squad", row.context)
        for _, row in rows_of_side(folder, "squad2", _Squad)
    )
    entries, reworded = among_own_passages(pairs)
    return Suite(folder.resolve().name, entries, relevance_pairs=reworded)


def healthver(folder: Path) -> Suite:
    """Health claims against sentences of studies: supported, refuted, or neither."""
    pairs = tuple(
        Pair(row.id, row.claim, row.evidence, row.label == "Supports", row.label.lower(), row.question)
        for _, row in rows_of_side(folder, "healthver", _HealthVer)
    )
    return Suite(folder.resolve().name, grounding_pairs=pairs)


def misinformation(folder: Path) -> Suite:
    """False claims against the text that corrects them, whose own sentences it does support."""
    return Suite(folder.resolve().name, grounding_pairs=tuple(_corrected(folder)))


def grounded_files(folder: Path) -> list[Path]:
    """Those of the files that `grounded` reads that are there."""
    return [file for name in _GROUNDED if (file := one_side(folder, name))]


def grounded(folder: Path) -> Suite:
    """Sentences judged by people against the text they were written from; `kind` names the data set."""
    pairs = (pair for read in _GROUNDED.values() for pair in read(folder))
    return Suite(folder.resolve().name, grounding_pairs=tuple(pairs))


def _corrected(folder: Path) -> Iterator[Pair]:
    for place, row in rows_of_side(folder, "covid_misconceptions", _Misconception):
        yield Pair(f"{place}-false", row.misconception, row.correction, False, "misconception", place)
        for number, sentence in enumerate(split_sentences(row.correction), 1):
            yield Pair(f"{place}-true-{number}", sentence, row.correction, True, "correction", place)


def _begin(folder: Path) -> Iterable[Pair]:
    return (
        Pair(place, row.response, row.knowledge, row.label == "Fully attributable", "begin", row.knowledge)
        for place, row in rows_of_side(folder, "begin_wow", _Begin)
        if row.label != "Generic"
    )


def _faithdial(folder: Path) -> Iterable[Pair]:
    return (
        Pair(place, row.response, row.knowledge, not row.hallucinated, "faithdial", row.knowledge)
        for place, row in rows_of_side(folder, "faithdial_audit", _FaithDial)
        if not _SETTLED_OTHERWISE.intersection(row.labels)
    )


def _halueval(folder: Path) -> Iterator[Pair]:
    """The answers are a word or two, so the question stands in front of them."""
    for place, row in rows_of_side(folder, "halueval_qa", _HaluEval):
        for number, (answer, true) in enumerate(_answers(row.right_answer, row.hallucinated_answers)):
            text = f"{row.question} {answer}"
            yield Pair(f"{place}-{number}", text, row.knowledge, true, "halueval", row.knowledge)


def _answers(right: str, wrong: Sequence[str]) -> Iterator[tuple[str, bool]]:
    yield right, True
    yield from ((answer, False) for answer in wrong)


def _wice(folder: Path) -> Iterable[Pair]:
    return (
        Pair(row.id, row.claim, "\n".join(row.evidence), row.label == "supported", "wice", row.id)
        for _, row in rows_of_side(folder, "wice", _Wice)
    )


_GROUNDED: dict[str, Callable[[Path], Iterable[Pair]]] = {
    "begin_wow": _begin,
    "faithdial_audit": _faithdial,
    "halueval_qa": _halueval,
    "wice": _wice,
}
