"""What the README and docs/ name, settings, commands, targets, files and metrics, is what the code has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from app.cli import cli
from app.cli.settings_page import settings_page
from app.metrics import Metrics
from app.setting_texts import all_fields
from app.settings import known_names
from app.version import VERSION

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOLD = [page for page in PAGES if page.name != "decisions.md"]  # which tells of what is gone, too
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
COMMANDS: Any = get_command(cli)  # typer's own kind of command
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def _read(page: Path) -> str:
    return page.read_text("utf-8")


def _each(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=[page.name for page in pages])


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings_page(), "run `make settings`"
    groups = {"CANDOR_JUDGING", "CANDOR_CASCADE", "CANDOR_OIDC"}
    assert {name for name, _ in all_fields()} == known_names() - groups
    assert all(field.description for _, field in all_fields())


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(_read(ROOT / "README.md").splitlines()) <= 200


@_each(TOLD)
def test_the_settings_named_exist(page: Path) -> None:
    named = {name.rstrip("_") for name in re.findall(r"CANDOR_[A-Z_]*", _read(page))} - {"CANDOR"}
    groups = {name.removesuffix("__") for name in named}
    assert groups <= known_names()


@_each(TOLD)
def test_the_commands_and_their_options_exist(page: Path) -> None:
    text = _read(page)
    told = [
        line for line in text.splitlines() if re.match(r"(\$ |sudo )?(CANDOR_\S+ )?(\S*/)?candor [a-z]", line)
    ]
    inline = re.findall(r"`(?:\S*/)?candor ([a-z][^`]*)`", text)
    for words in [line.partition("candor ")[2].partition(" #")[0] for line in told] + inline:
        _check(words.split())


def _check(words: list[str]) -> None:
    command: Any = COMMANDS
    while words and words[0] in getattr(command, "commands", ()):
        command, words = command.commands[words[0]], words[1:]
    assert not words or not getattr(command, "commands", ()), f"{command.name} knows no {words[0]}"
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= {*options, "--help"}


@_each(TOLD)
def test_the_targets_named_exist(page: Path) -> None:
    for target in re.findall(r"(?:^|`)make ([\w-]+)", _read(page), re.MULTILINE):
        assert f"\n{target}:" in MAKEFILE, target


@_each(PAGES)
def test_the_links_lead_somewhere(page: Path) -> None:
    for link, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", _read(page)):
        target = (page.parent / link) if link else page
        assert target.exists(), link
        if target.suffix != ".md":
            continue
        headings = [
            re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in _read(target).splitlines()
            if line.startswith("#")
        ]
        assert not anchor or anchor in headings, f"{link}#{anchor}"


def test_the_newest_section_of_the_changelog_is_this_version() -> None:
    sections = re.findall(r"^## \[([\w.]+)\]", _read(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert next(name for name in sections if name != "Unreleased") == VERSION


@_each(TOLD)
def test_the_extras_named_exist(page: Path) -> None:
    named = re.findall(r"candor-chat\[([\w,-]+)\]|EXTRAS=([\w,-]+)|extra `([\w-]+)`", _read(page))
    extras = {extra for found in named for extra in "".join(found).split(",")}
    assert extras <= PROJECT["project"]["optional-dependencies"].keys()


def test_the_metrics_named_exist() -> None:
    text = _read(ROOT / "docs" / "operations.md")
    metrics = {name.removesuffix("_count") for name in re.findall(r"candor_\w+\b(?!-)", text)}
    told = set(re.findall(r"# TYPE (\w+)", Metrics().text().decode()))
    assert metrics and metrics <= told
