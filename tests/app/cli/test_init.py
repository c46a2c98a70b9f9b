"""`candor init`: the folder that it makes, and what it refuses."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.cli.failures import Failed
from app.compose.seeds import Seeds
from app.settings import read_settings
from knowledge.encoders.types import load_encoder
from knowledge.shipped_seeds import SHIPPED_SEEDS


def _init(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["init", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def _refused(*arguments: str) -> str:
    with pytest.raises(Failed) as error:
        CliRunner().invoke(cli, ["init", *arguments], catch_exceptions=False)
    return str(error.value)


def test_its_settings_are_those_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = 'Ask "Rosa\'s" desk, C:\\desk #4'
    told = _init(str(tmp_path / "own"), "--contact", contact, "--origin", "https://Shop.example/")
    _init(str(tmp_path / "other"))
    assert f"cd {tmp_path / 'own'}" in told and "candor import" in told and "candor serve" in told
    assert stat.S_IMODE((tmp_path / "own" / ".env").stat().st_mode) == 0o600
    monkeypatch.chdir(tmp_path / "own")
    settings = read_settings()
    assert settings.handoff_contact == contact and settings.cors_origins == ("https://shop.example",)
    assert settings.admin_token and len(settings.admin_token.get_secret_value()) >= 16
    monkeypatch.chdir(tmp_path / "other")
    other = read_settings()
    assert other.handoff_contact is None and other.cors_origins == ()
    assert other.admin_token != settings.admin_token


def test_its_seeds_have_voice_and_models_and_none_of_the_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _init(str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path / "own")
    settings = read_settings()
    seeds, shipped = (
        Seeds.read(settings),
        Seeds.read(settings.model_copy(update={"seeds_dir": SHIPPED_SEEDS})),
    )
    assert seeds.phrases == shipped.phrases and not seeds.topics and shipped.topics
    assert settings.seeds_dir.absolute() == tmp_path / "own" / "seeds"
    encoder = load_encoder(settings.encoder, settings.data_dir, threads=1)
    assert encoder.info.path == tmp_path / "own" / "seeds" / "models" / "retriever"
    text = "".join(file.read_text("utf-8") for file in settings.seeds_dir.rglob("*.md"))
    assert not text and not list(settings.seeds_dir.rglob("*.jsonl"))


def test_it_refuses_a_folder_with_anything_in_it_and_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert "not an empty folder" in _refused(str(tmp_path))
    assert "not an empty folder" in _refused(str(tmp_path / "notes.txt"))
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("option", "value"), [("--origin", "shop.example"), ("--origin", "*.shop"), ("--contact", "two\nlines")]
)
def test_it_names_an_option_that_cannot_be_used_and_makes_nothing(
    tmp_path: Path, option: str, value: str
) -> None:
    assert option in _refused(str(tmp_path / "own"), option, value)
    assert not (tmp_path / "own").exists()
