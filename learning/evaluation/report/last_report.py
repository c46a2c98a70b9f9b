"""What the console shows of the last evaluation: figures, and what went wrong, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ValidationError

from learning.evaluation.fates import Fate
from learning.evaluation.records import CaseResult, Estimate, SuiteFigures, SuiteRun

_FILE = "evaluation.json"
_MOST = 100  # cases of a suite
_WORST_FIRST = (Fate.WRONG, Fate.ANSWERED, Fate.MIXED, Fate.INCOMPLETE, Fate.REFUSED)


class Fault(BaseModel):
    """A question that went wrong. `wanted` are the entries that answer it, `cited` those that did."""

    kind: str
    history: tuple[str, ...]
    question: str
    fate: Fate
    wanted: tuple[str, ...]
    cited: tuple[str, ...]


class SuiteReport(BaseModel):
    """One suite: the verdict in plain words, figures by section, and its worst cases of `wrong` in all."""

    suite: str
    system: Mapping[str, str]
    words: tuple[str, ...]
    sections: Mapping[str, Mapping[str, Estimate]]
    faults: tuple[Fault, ...]
    asked: int
    wrong: int


class LastReport(BaseModel):
    """The last evaluation."""

    format: Literal[1] = 1
    made_at: AwareDatetime
    suites: tuple[SuiteReport, ...]


def keep_report(folder: Path, runs: Sequence[SuiteRun], figures: Sequence[SuiteFigures]) -> None:
    """In the data folder, in place of the one before. Raises `OSError`."""
    suites = tuple(_report(run, each) for run, each in zip(runs, figures, strict=True))
    text = LastReport(made_at=datetime.now(UTC), suites=suites).model_dump_json()
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{_FILE}.new"
    fresh.write_text(text, "utf-8")
    fresh.replace(folder / _FILE)


def read_report(folder: Path) -> LastReport | None:
    """None where there is none that can be read."""
    try:
        return LastReport.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _report(run: SuiteRun, figures: SuiteFigures) -> SuiteReport:
    wrong = [result for result in run.cases if result.fate in _WORST_FIRST and _is_fault(result)]
    wrong.sort(key=lambda result: (_WORST_FIRST.index(Fate(result.fate or "")), -result.confidence))
    return SuiteReport(
        suite=run.suite,
        system=run.system,
        words=figures.words,
        sections=figures.sections,
        faults=tuple(map(_fault, wrong[:_MOST])),
        asked=len(run.cases),
        wrong=len(wrong),
    )


def _is_fault(result: CaseResult) -> bool:
    """To refuse what has no answer is right."""
    return result.fate is not Fate.REFUSED or result.case.answerable


def _fault(result: CaseResult) -> Fault:
    case = result.case
    return Fault(
        kind=case.kind,
        history=tuple(message.text for message in case.question.history),
        question=case.question.text,
        fate=Fate(result.fate or ""),
        wanted=case.entry_ids,
        cited=result.cited,
    )
