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
    Path(".env").write_text("CANDOR_ENCODER=from-file\nCANDOR_JUDGING__ON_TOPIC=0.7\nOTHER=1\n")
    monkeypatch.setenv("CANDOR_ENCODER", "from-environment")
    monkeypatch.setenv("CANDOR_CORS_ORIGINS", "https://a.example, https://b.example")
    settings = read_settings()
    assert settings.encoder == "from-environment"
    assert settings.judging.on_topic == 0.7
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
    monkeypatch.setenv("CANDOR_ADMIN_TOKEN", "s3cret-and-long-enough")
    assert "s3cret" not in repr(read_settings())


def test_the_example_file_names_every_setting_with_its_default() -> None:
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines() if "CANDOR_" in line]
    groups = {"CANDOR_JUDGING", "CANDOR_CASCADE", "CANDOR_OIDC"}
    assert {line.partition("=")[0] for line in lines} == known_names() - groups
    Path(".env").write_text("\n".join(lines))
    assert read_settings() == read_settings(Path("none"))


def complaint(monkeypatch: pytest.MonkeyPatch, **given: str) -> str:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        read_settings()
    return str(error.value)


def test_a_short_token_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    told = complaint(monkeypatch, CANDOR_ADMIN_TOKEN=" fifteen-letters ")
    assert told == "CANDOR_ADMIN_TOKEN: must have 16 characters at least: a short one can be guessed"
    monkeypatch.setenv("CANDOR_ADMIN_TOKEN", " sixteen--letters ")
    token = read_settings().admin_token
    assert token is not None and token.get_secret_value() == "sixteen--letters"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://shop.example/", "https://shop.example"),
        ("HTTPS://Shop.Example:443", "https://shop.example"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("*", "*"),
    ],
)
def test_an_origin_is_taken_as_browsers_send_it(
    monkeypatch: pytest.MonkeyPatch, given: str, meant: str
) -> None:
    monkeypatch.setenv("CANDOR_CORS_ORIGINS", given)
    assert read_settings().cors_origins == (meant,)


@pytest.mark.parametrize(
    "given",
    ["shop.example", "https://shop.example/page", "ftp://shop.example", "https://", "https://*.shop.example"],
)
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    told = complaint(monkeypatch, CANDOR_CORS_ORIGINS=f"https://a.example,{given}")
    assert told.startswith(f"CANDOR_CORS_ORIGINS: {given!r} is no origin")


def test_what_is_no_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "'https://a.example'" in complaint(monkeypatch, CANDOR_ALLOWED_HOSTS="a.example,https://a.example")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("OTHER=1\n\n# said\nCANDOR_LOG_LEVEL=loud\n", 4),
        ("OTHER=1\nCANDOR_TYPO=1\n", 2),
        ("OTHER=1\n\nnonsense here\n", 3),
        ("CANDOR_LOG_LEVEL='INFO\n", 1),
    ],
)
def test_what_is_wrong_in_the_file_is_told_by_its_line(
    monkeypatch: pytest.MonkeyPatch, text: str, line: int
) -> None:
    Path(".env").write_text(text)
    assert f".env, line {line}" in complaint(monkeypatch)


def test_a_file_in_another_encoding_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_bytes("CANDOR_HANDOFF_CONTACT=Müller\n".encode("latin-1"))
    assert complaint(monkeypatch) == ".env is not written in UTF-8."
    Path(".env").write_text("CANDOR_LOG_LEVEL=INFO\n")
    told = complaint(monkeypatch, CANDOR_LOG_LEVEL="loud")
    assert told.startswith("CANDOR_LOG_LEVEL: ")  # the environment's, not the file's
