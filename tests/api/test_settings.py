"""Settings come from the environment and `.env`, and a wrong one is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.settings import SettingsError, known_names, read_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith("CANDOR_"):
            monkeypatch.delenv(name)


def test_without_any_the_defaults_hold() -> None:
    settings = read_settings()
    assert settings.data_dir == Path("var")
    assert settings.database == "sqlite:///var/candor.db"
    assert settings.admin_token is None


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("CANDOR_ENCODER=from-file\nCANDOR_JUDGING__RELEVANT=0.7\nOTHER=1\n")
    monkeypatch.setenv("CANDOR_ENCODER", "from-environment")
    monkeypatch.setenv("CANDOR_CORS_ORIGINS", "https://a.example, https://b.example")
    settings = read_settings()
    assert settings.encoder == "from-environment"
    assert settings.judging.relevant == 0.7
    assert settings.cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize("name", ["CANDOR_ADMIN_TOKN", "candor_nonsense", "CANDOR_JUDGING__TYPO"])
@pytest.mark.parametrize("in_file", [True, False])
def test_an_unknown_name_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str, in_file: bool) -> None:
    if in_file:
        Path(".env").write_text(f"{name}=x\n")
    else:
        monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=name):
        read_settings()


def test_a_wrong_value_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_MAX_CONCURRENT_TURNS", "s3cret")
    monkeypatch.setenv("CANDOR_JUDGING__GROUNDED", "1.5")
    with pytest.raises(SettingsError) as error:
        read_settings()
    assert "CANDOR_MAX_CONCURRENT_TURNS" in str(error.value)
    assert "CANDOR_JUDGING__GROUNDED" in str(error.value)
    assert "s3cret" not in str(error.value)


def test_empty_means_unset_and_a_blank_token_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_ADMIN_TOKEN", "")
    monkeypatch.setenv("CANDOR_TURN_DEADLINE_S", "")
    assert read_settings().turn_deadline_s == 30
    assert read_settings().admin_token is None
    monkeypatch.setenv("CANDOR_ADMIN_TOKEN", "   ")
    assert read_settings().admin_token is None


def test_the_token_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_ADMIN_TOKEN", "s3cret")
    assert "s3cret" not in repr(read_settings())


def test_the_example_file_names_every_setting_with_its_default() -> None:
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines() if "CANDOR_" in line]
    assert {line.partition("=")[0] for line in lines} == known_names() - {"CANDOR_JUDGING", "CANDOR_CASCADE"}
    Path(".env").write_text("\n".join(lines))
    assert read_settings() == read_settings(Path("none"))
