"""Signing in with an account of another site, in a real browser with its rules for cookies and forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, expect
from pydantic import SecretStr

from app.main import create_app
from app.single_sign_on.settings import OidcSettings
from app.store.curators import Role
from tests.app.single_sign_on.provider_app import CLIENT, SECRET, Account, provider_app
from tests.fakes import services
from tests.loopback import on_loopback

pytestmark = pytest.mark.process


def test_the_way_there_and_back(browser: Browser, tmp_path: Path) -> None:
    """The provider is `127.0.0.1`, the console `localhost`: to a browser these are two sites."""
    mounted = FastAPI()
    with on_loopback(mounted) as provider:
        mounted.mount("/", provider_app(Account(), provider))
        chosen = OidcSettings(
            issuer=provider,
            client_id=CLIENT,
            client_secret=SecretStr(SECRET),
            name="Aster",
            domains=("aster.example",),
            role=Role.EDITOR,
        )
        with on_loopback(create_app(services(tmp_path, oidc=chosen))) as served:
            console = served.replace("127.0.0.1", "localhost")
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{console}/admin/ui/gaps?state=open")
            assert Axe().run(page).violations_count == 0
            page.get_by_role("link", name="Sign in with Aster").click()
            expect(page.get_by_role("heading", name="Unanswered questions")).to_be_visible()
            assert page.url == f"{console}/admin/ui/gaps?state=open"
            assert [each["name"] for each in context.cookies()] == ["candor_session"]
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_text("You are signed out.")).to_be_visible()
            page.goto(f"{console}/admin")
            expect(page.get_by_role("link", name="Sign in with Aster")).to_be_visible()
            context.close()
