"""Folders of known third-party data, recognised by the files that they hold and read as suites."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from learning.evaluation.layouts.conversations import mtrag, rewriting, rewriting_files, transcripts
from learning.evaluation.layouts.faq import covid_faq, hint3, medquad, vaccine_faq
from learning.evaluation.layouts.outside import topic_gate
from learning.evaluation.layouts.pairs import grounded, grounded_files, healthver, misinformation, squad
from learning.evaluation.layouts.rows import SuiteError, one_side
from learning.evaluation.records import Suite

Recognises = Callable[[Path], bool]


def adapted(folder: Path) -> Suite:
    """The folder's data as a suite. Raises `SuiteError` where no layout fits or a file is damaged."""
    for recognises, adapt in _LAYOUTS:
        if recognises(folder):
            return adapt(folder)
    raise SuiteError(f"{folder}: this is no suite: it holds none of the files that one is known by")


def _holds(*names: str) -> Recognises:
    return lambda folder: all((folder / name).is_file() for name in names)


def _has(*names: str, kb: bool = False) -> Recognises:
    """All of these files, of whichever side, and `kb.jsonl` where asked."""
    return lambda folder: (
        all(one_side(folder, name) is not None for name in names)
        and (not kb or (folder / "kb.jsonl").is_file())
    )


_LAYOUTS: tuple[tuple[Recognises, Callable[[Path], Suite]], ...] = (
    (_has("queries", "real_user", kb=True), vaccine_faq),
    (_has("queries", "relevance_pairs", kb=True), medquad),
    (_has("queries", kb=True), covid_faq),
    (_has("kb", "tasks"), mtrag),
    (lambda folder: bool(rewriting_files(folder)), rewriting),
    (_holds("chitchat.jsonl"), topic_gate),
    (_holds("nq_open.jsonl"), topic_gate),
    (lambda folder: any(folder.glob("*_train.jsonl")) and any(folder.glob("*_test.jsonl")), hint3),
    (_has("squad2"), squad),
    (_has("healthver"), healthver),
    (lambda folder: bool(grounded_files(folder)), grounded),
    (_has("covid_misconceptions"), misinformation),
    (lambda folder: any(folder.glob("*.txt")), transcripts),
)
"""The first that recognises a folder reads it: the more particular ones come first."""
