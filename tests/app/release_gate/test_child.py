"""The gate's own process: what becomes of it when it cannot work, or is not wanted any more."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from app.release_gate.child import ExaminationFailed, ask_both
from app.release_gate.questions import Asked, Source
from pipeline.types import Question
from tests.fakes import settings

pytestmark = pytest.mark.process
ASKED = [Asked(Source.RECENT, "m", Question("does it?"))]


class Stopped(Exception):
    pass


def stop(_done: int) -> None:
    raise Stopped


def test_a_process_that_ends_early_is_a_failure_and_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(ExaminationFailed, match="could not be asked"):
        ask_both(settings(tmp_path), "before", "after", ASKED, lambda done: None)


def test_a_stop_ends_the_process(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        ask_both(settings(tmp_path), "before", "after", ASKED, stop)
    names = [" ".join(child.cmdline()) for child in psutil.Process().children()]
    assert not [name for name in names if "spawn_main" in name]
