"""The page on the real chain: real models on the knowledge base of a town hall."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from app.compose.services import build_services
from knowledge.shipped_seeds import SHIPPED_SEEDS
from tests.e2e.scripted import ask, settled
from tests.fakes import serving, settings

pytestmark = [pytest.mark.process, pytest.mark.slow]

READY_S = 240
LEFT_OUT = ("kb", "gold", "practical", "practice", "widget.yaml")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("town-hall")
    seeds = folder / "seeds"
    (seeds / "kb").mkdir(parents=True)
    for path in SHIPPED_SEEDS.iterdir():
        if path.name not in LEFT_OUT:
            (seeds / path.name).symlink_to(path)
    shutil.copy(SHIPPED_SEEDS / "practical" / "dev" / "town-hall" / "kb.jsonl", seeds / "kb")
    using = build_services(settings(folder, seeds_dir=seeds, emergency_text="Call 112 at once."))
    with serving(using) as address:
        until = time.monotonic() + READY_S
        while httpx.get(f"{address}/health/ready").status_code != 200:
            assert time.monotonic() < until, "it is not ready"
            time.sleep(0.2)
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_context().new_page()
    page.set_default_timeout(30_000)
    page.goto(address)
    yield page
    page.context.close()


def test_questions_follow_ups_and_refusals(page: Page) -> None:
    examples = page.get_by_role("group", name="Example questions").get_by_role("button")
    expect(examples).to_have_count(4)
    choice = ask(page, "what do i need to bring for a new id card").get_by_role("group")
    choice.get_by_role("button", name="How do I apply for an identity card?").click()
    card = settled(page, 1)
    expect(card.locator(".text li")).to_have_count(3)
    expect(card.locator(".text sup")).to_have_count(2)  # one a block: the list, and what follows
    expect(ask(page, "and what does it cost?").locator("table")).to_contain_text("37.00 €")
    both = ask(page, "when are you open, and how do i book an appointment?")
    expect(both.locator(".sources li")).to_have_count(2)
    expect(both.get_by_role("link", name="0555 19 20")).to_have_attribute("href", "tel:05551920")
    refused = ask(page, "who won the football world cup?")
    expect(refused.locator(".sources li")).to_have_count(0)
    near = refused.locator(".choices button").first
    question = near.inner_text()
    near.click()
    expect(settled(page, 5).locator(".sources li")).to_have_text(f"[1]{question}")


def test_an_emergency_stands_out(page: Page) -> None:
    alarm = ask(page, "my father is unconscious and not breathing").get_by_role("group", name="Important")
    expect(alarm.get_by_role("link", name="Call 112")).to_be_visible()
