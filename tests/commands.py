"""How the tests run `candor`, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOPIC = ROOT / "seeds" / "kb" / "vaccine-ingredients"


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: str
    err: str


Run = Callable[..., Ran]


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    return kept | {"CANDOR_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}


def candor(data: Path, *arguments: str, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(command, input=said, capture_output=True, env=environment(data), cwd=data.parent)
