"""What an operator says of the provider, and what is told of a mistake."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.diagnosis.inspection import inspect_service
from app.main import create_app
from app.settings import SettingsError, read_settings
from app.single_sign_on.settings import OidcSettings
from app.store.curators import Role
from tests.app.single_sign_on.provider_app import Account, provider_app
from tests.fakes import services
from tests.loopback import on_loopback

GIVEN = {"ISSUER": "https://id.example", "CLIENT_ID": "candor"}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **fields: str) -> OidcSettings:
    for name, value in fields.items():
        monkeypatch.setenv(f"CANDOR_OIDC__{name}", value)
    return read_settings().oidc


def test_lists_are_written_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    read = given(
        monkeypatch,
        **GIVEN,
        DOMAINS="@Aster.example, b.example",
        CLAIM="groups",
        ROLES='["cn=boss,dc=aster=admin", "staff = viewer"]',
        ROLE="viewer",
    )
    assert read.domains == ("aster.example", "b.example")
    assert read.role_of({"staff", "cn=boss,dc=aster"}) is Role.ADMIN
    assert read.role_of({"staff"}) is Role.VIEWER and read.role_of({"boss"}) is None
    assert read.takes("a@b.example") and not read.takes("a@x.b.example")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ISSUER": "http://id.example", "CLIENT_ID": "x"}, "CANDOR_OIDC__ISSUER: begin with https://"),
        ({"ISSUER": "https://id.example"}, "needs CANDOR_OIDC__CLIENT_ID"),
        ({"DOMAINS": "a.example"}, "CANDOR_OIDC__ISSUER is missing"),
        ({**GIVEN, "ROLE": "viewer"}, "needs CANDOR_OIDC__DOMAINS"),
        ({**GIVEN, "CLAIM": "groups"}, "need each other"),
        ({**GIVEN, "CLAIM": "groups", "ROLES": "staff=boss"}, "is not GROUP=role"),
    ],
)
def test_a_mistake_is_told(monkeypatch: pytest.MonkeyPatch, fields: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as error:
        given(monkeypatch, **fields, CLIENT_SECRET="s3cret-of-the-two")
    assert told in str(error.value) and "s3cret" not in str(error.value)


def test_a_provider_without_the_extra_is_told_at_start_and_by_the_doctor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = importlib.util.find_spec

    def find(name: str) -> ModuleSpec | None:
        return None if name == "authlib" else found(name)

    monkeypatch.setattr("app.single_sign_on.provider.find_spec", find)
    chosen = given(monkeypatch, **GIVEN)
    with pytest.raises(SettingsError, match=r"candor-chat\[oidc\]"):
        create_app(services(tmp_path, oidc=chosen))
    assert "candor-chat[oidc]" in diagnosed()[1]


def test_the_doctor_asks_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(issues_as="https://else.example")
    with on_loopback(provider_app(account, "http://127.0.0.1")) as address:
        given(
            monkeypatch, ISSUER=address, CLIENT_ID="candor", CLIENT_SECRET=SecretStr("x").get_secret_value()
        )
        state, told = diagnosed()
        assert state == "failed" and "calls itself https://else.example" in told
        account.issues_as = address
        assert diagnosed()[0] == "ok"
    state, told = diagnosed()
    assert state == "failed" and "ConnectError" in told


def diagnosed() -> tuple[str, str]:
    """What the doctor finds of it."""
    (found,) = [each for each in inspect_service() if each.name == "single sign-on"]
    return found.state.value, f"{found.detail} {found.remedy}"
