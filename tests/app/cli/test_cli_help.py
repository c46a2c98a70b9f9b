"""Help: instant, complete, and of nothing that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = {
    "entries",
    "users",
    "keys",
    "serve",
    "chat",
    "import",
    "purge",
    "gaps",
    "gold",
    "feedback",
    "export",
    "template",
    "init",
    "settings",
    "finetune",
    "reindex",
    "releases",
    "doctor",
    "train",
    "eval",
    "synthesize",
}
HEAVY = {"torch", "faiss", "onnxruntime", "sentence_transformers", "fastapi", "sqlmodel", "rich", "numpy"}
LOADED = """
import sys
from app.cli import main
sys.argv = ["candor", *sys.argv[1:]]
try:
    main()
finally:
    print("loaded:", *sys.modules, file=sys.stderr)
"""


def help_of(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LOADED, *arguments, "--help"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)


@pytest.mark.parametrize(
    "arguments",
    [(), ("serve",), ("import",), ("eval",), ("purge",), ("users", "add"), ("releases", "activate")],
)
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    loaded = set(help_of(*arguments).stderr.partition("loaded: ")[2].split())
    assert "app.cli" in loaded
    assert loaded & HEAVY == set()


def test_help_names_what_there_is_and_nothing_else() -> None:
    listed = help_of().stdout.partition("Commands:")[2]
    assert set(re.findall(r"^  (\S+)", listed, re.MULTILINE)) == COMMANDS
    assert "..." not in listed


def test_serve_listens_on_this_machine_only_unless_told() -> None:
    told = help_of("serve").stdout
    assert "127.0.0.1" in told
    assert "8000" in told
