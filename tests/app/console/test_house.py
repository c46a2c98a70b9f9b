"""The audit log, the settings, and one's own account in the console."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from app.compose.services import Services
from app.console.configured import configured, shown
from app.main import create_app
from app.store.curators import Curator, Role
from tests.app.console.seats import PASSWORD, Seat, hidden, rows_of, seat, sign_in, texts
from tests.fakes import TOKEN, client_of, settings

AUDIT, ACCOUNT = "/admin/ui/audit", "/admin/ui/account"
BOLD = "<b>bold</b>"


@pytest.fixture
async def admin(using: Services) -> AsyncIterator[Seat]:
    async with seat(using, Role.ADMIN, "root") as sitting:
        yield sitting


async def test_the_log_is_filtered_by_its_address_and_paged(admin: Seat, using: Services) -> None:
    maria = Curator("maria", Role.EDITOR, "session")
    for number in range(60):
        using.audit.record(maria, "entry.changed", f"e{number}", {"version": number})
    using.audit.record(Curator("olaf", Role.APPROVER, "key 1"), "entry.approved", "e7", {"why": BOLD})
    first = await admin.get(f"{AUDIT}?curator=maria&act=entry")
    assert "60 in all" in texts(first) and "page 1 of 2" in texts(first)
    assert "curator=maria&amp;act=entry&amp;page=2" in first.text
    second = await admin.get(f"{AUDIT}?curator=maria&act=entry&page=2")
    assert "e9" in texts(second) and "e59" not in texts(second)
    assert "2 in all" in texts(await admin.get(f"{AUDIT}?subject=e7"))
    assert "1 in all" in texts(await admin.get(f"{AUDIT}?act=entry.approved"))
    assert "Nothing like that" in texts(await admin.get(f"{AUDIT}?until=2020-01-01"))
    assert "1 in all" in texts(await admin.get(f"{AUDIT}?since=2020-01-01&act=entry.approved"))
    assert (await admin.get(f"{AUDIT}?since=yesterday")).status_code == 422
    page = await admin.get(f"{AUDIT}?curator=olaf")
    assert BOLD not in page.text and "&lt;b&gt;bold" in page.text
    assert f"{AUDIT.replace('audit', 'exports/audit.csv')}?curator=olaf" in page.text


async def test_the_log_as_a_table(admin: Seat, using: Services) -> None:
    using.audit.record(Curator("=cmd|calc", Role.EDITOR), "entry.changed", "+1", {"a": 1})
    given = await admin.get("/admin/ui/exports/audit.csv?subject=%2B1")
    (row,) = rows_of(given.text)
    assert (row["curator"], row["subject"], row["detail"]) == ("'=cmd|calc", "'+1", '{"a": 1}')
    assert "audit-20" in given.headers["Content-Disposition"]


def test_each_setting_tells_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CANDOR_FOUR_EYES", "CANDOR_LOG_LEVEL", "CANDOR_JUDGING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CANDOR_FOUR_EYES", "true")
    file = tmp_path / ".env"
    file.write_text("# mine\nCANDOR_LOG_LEVEL=DEBUG\nCANDOR_FOUR_EYES=false\nCANDOR_LLM_MODEL=\n")
    chosen = settings(tmp_path, four_eyes=True, log_level="DEBUG")
    found = {each.name: each for each in configured(chosen, file)}
    assert (found["CANDOR_FOUR_EYES"].origin, found["CANDOR_FOUR_EYES"].value) == ("environment", "true")
    assert (found["CANDOR_LOG_LEVEL"].origin, found["CANDOR_LOG_LEVEL"].line) == (".env", 2)
    assert found["CANDOR_LOG_LEVEL"].default == "INFO"
    assert found["CANDOR_LLM_MODEL"].origin == "default"
    assert found["CANDOR_JUDGING__ON_TOPIC"].origin == "default" and found["CANDOR_JUDGING__ON_TOPIC"].value
    assert all(each.description for each in found.values())
    monkeypatch.setenv("CANDOR_JUDGING", '{"on_topic": 0.5}')
    again = {each.name: each for each in configured(chosen, file)}
    assert again["CANDOR_JUDGING__ON_TOPIC"].origin == "environment"


def test_no_secret_is_shown() -> None:
    assert shown(SecretStr("hunter2")) == "••••••"
    for url in (
        "postgresql+psycopg://candor:hunter2@db/candor",
        "postgresql+psycopg://db/candor?password=hunter2",
        "https://user:hunter2@llm.example/v1",
        "postgresql+psycopg://candor:hun@ter2@db/candor?password=hunter2",
    ):
        assert "hunter2" not in shown(url) and "ter2" not in shown(url) and "••" in shown(url)
    assert shown("https://llm.example/v1") == "https://llm.example/v1"


async def test_the_settings_view_hides_the_token_and_searches(admin: Seat) -> None:
    page = await admin.get("/admin/ui/settings")
    assert TOKEN not in page.text and "CANDOR_ADMIN_TOKEN" in page.text
    found = texts(await admin.get("/admin/ui/settings?text=rate_limit&origin=default"))
    assert "CANDOR_RATE_LIMIT_PER_MINUTE" in found and "CANDOR_DATA_DIR" not in found


async def test_one_changes_ones_own_password(using: Services) -> None:
    using.curators.add("maria", Role.VIEWER, PASSWORD)
    new = f"{PASSWORD} too"
    async with client_of(create_app(using)) as here, client_of(create_app(using)) as there:
        for browser in (here, there):
            await sign_in(browser, "maria", PASSWORD)
        sitting = await _seat(here)
        for now, first, again, why in (
            ("wrong", new, new, "not your present password"),
            (PASSWORD, new, "otherwise", "in two ways"),
            (PASSWORD, "short", "short", "12 characters"),
        ):
            page = await sitting.post(f"{ACCOUNT}/password", now=now, new=first, again=again)
            assert page.status_code == 422 and why in texts(page)
        done = await sitting.post(f"{ACCOUNT}/password", now=PASSWORD, new=new, again=new)
        assert done.status_code == 303
        assert "You have a new password" in texts(await here.get(done.headers["Location"]))
        assert (await there.get(ACCOUNT)).status_code == 303  # signed out
        assert (await sign_in(there, "maria", new)).status_code == 303


async def test_signing_out_everywhere(using: Services) -> None:
    """It ends the sign-ins of who asks, and nobody else's."""
    async with seat(using, Role.VIEWER) as mine, seat(using, Role.EDITOR) as other:
        given = await mine.post(f"{ACCOUNT}/sign-out-everywhere")
        assert given.headers["Location"].startswith("/admin/sign-in")
        assert (await mine.get(ACCOUNT)).status_code == 303
        assert (await other.get(ACCOUNT)).status_code == 200
    async with client_of(create_app(using)) as browser:
        await sign_in(browser)
        owner = await _seat(browser)
        assert (await owner.post(f"{ACCOUNT}/sign-out-everywhere")).status_code == 303
        assert (await browser.get(ACCOUNT)).status_code == 303


async def _seat(browser: httpx.AsyncClient) -> Seat:
    return Seat(browser, hidden((await browser.get(ACCOUNT)).text, "csrf"))
