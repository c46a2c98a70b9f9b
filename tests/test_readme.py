"""What the README and the operations page name, settings, commands and metrics, is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

from app.cli import cli
from app.metrics import Metrics
from app.settings import Cascade, Judging, Settings, known_names

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
OPERATIONS = (Path(__file__).parent.parent / "docs" / "operations.md").read_text("utf-8")
MAKEFILE = (Path(__file__).parent.parent / "Makefile").read_text("utf-8")


def test_the_settings_table_is_complete_and_says_what_the_code_says() -> None:
    rows = dict(re.findall(r"^\| `(CANDOR_\w+)` \|.*\| (.+) \|$", README, re.MULTILINE))
    fields = {f"CANDOR_{name.upper()}": field for name, field in Settings.model_fields.items()}
    for group, model in (("JUDGING", Judging), ("CASCADE", Cascade)):
        fields |= {f"CANDOR_{group}__{name.upper()}": field for name, field in model.model_fields.items()}
    assert rows.keys() == known_names() - {"CANDOR_JUDGING", "CANDOR_CASCADE"}
    assert rows == {name: fields[name].description for name in rows}


def test_every_command_named_exists() -> None:
    commands = get_command(cli)
    named = set(re.findall(r"\.venv/bin/candor (\w+)", README))
    assert named and named <= set(getattr(commands, "commands", {}))
    targets = set(re.findall(r"^make (\w+)", README, re.MULTILINE))
    assert targets and all(f"\n{target}:" in MAKEFILE for target in targets)


def test_what_the_operations_page_names_exists() -> None:
    settings = {name.rstrip("_") for name in re.findall(r"CANDOR_\w+", OPERATIONS)}
    assert settings and settings <= known_names()
    commands = set(re.findall(r"`candor\s(\w+)", OPERATIONS))
    assert commands and commands <= set(getattr(get_command(cli), "commands", {}))
    metrics = {name.removesuffix("_count") for name in re.findall(r"candor_\w+", OPERATIONS)}
    told = set(re.findall(r"# TYPE (\w+)", Metrics().text().decode()))
    assert metrics and metrics <= told
