"""The page at `/` in a real browser, on a real server around a scripted chain."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from pipeline.types import Citation, Outcome, Question, Reply
from tests.fakes import services, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium in PATH: apt-get install chromium")

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
CITED = Reply(
    "No. It stays outside the nucleus. [1] It is gone within days. [2]",
    Outcome.ANSWERED,
    (
        Citation(1, "dna", "Can it change my DNA?", "https://example.org/dna", 0, 33),
        Citation(2, "gone", "How long does it stay?", "javascript:alert(1)", 38, 60),
    ),
)
REPLIES = {
    "dna?": CITED,
    "hostile": Reply(HOSTILE, Outcome.NO_ANSWER, (), (HOSTILE,)),
    "unknown": Reply("I don't have an answer to that.", Outcome.NO_ANSWER, (), ("dna?", "hostile")),
}


class Scripted:
    """Says each reply in two pieces, the second a little later; what it does not know breaks after one."""

    async def run(self, message_id: str, question: Question, say: object) -> Reply:
        assert callable(say)
        reply = REPLIES.get(question.text)
        text = reply.text if reply else "So far"
        await say(text[: len(text) // 2])
        await asyncio.sleep(0.3)
        if reply is None:
            raise RuntimeError("canary")
        await say(text[len(text) // 2 :])
        return reply


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    with serving(services(tmp_path, Scripted())) as address:
        page = browser.new_page()
        page.set_default_timeout(10_000)
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        yield page
        page.close()
    assert problems == []


def ask(page: Page, message: str) -> None:
    page.get_by_label("Your message").fill(message)
    page.keyboard.press("Enter")


def test_a_reply_streams_and_its_numbers_lead_to_its_sources(page: Page) -> None:
    ask(page, "dna?")
    item = page.locator("#log > li").nth(1)
    expect(item).to_have_attribute("aria-busy", "true")
    expect(item.locator(".text")).to_have_text(CITED.text[: len(CITED.text) // 2])
    expect(item).not_to_have_attribute("aria-busy", "true")
    expect(item.locator(".sources li")).to_have_count(2)
    source = item.get_by_role("link", name="Can it change my DNA?")
    expect(source).to_have_attribute("href", "https://example.org/dna")
    expect(item.locator(".sources")).to_contain_text("How long does it stay?")
    expect(item.get_by_role("link", name="How long does it stay?")).to_have_count(0)
    item.get_by_role("link", name="Source 1").click()
    target = page.evaluate("document.querySelector(':target').textContent")
    assert "Can it change my DNA?" in target


def test_markup_in_a_reply_stays_text(page: Page) -> None:
    ask(page, "hostile")
    expect(page.locator("#log > li .text").nth(1)).to_have_text(HOSTILE)
    expect(page.locator("#log button")).to_have_text(HOSTILE)
    assert page.locator("#log b, #log img").count() == 0
    expect(page).to_have_title("Candor")


def test_suggestions_are_buttons_that_ask(page: Page) -> None:
    ask(page, "unknown")
    page.get_by_role("button", name="dna?").click()
    expect(page.locator("#log > li.user").nth(1)).to_have_text("dna?")
    expect(page.locator("#log .sources li")).to_have_count(2)


def test_an_error_is_told_and_the_next_message_goes_through(page: Page) -> None:
    ask(page, "breaks")
    failed = page.locator("#log .problem")
    expect(failed).to_contain_text("Something went wrong")
    expect(failed).not_to_contain_text("canary")
    ask(page, "dna?")
    expect(page.locator("#log .sources li")).to_have_count(2)


def test_a_conversation_goes_on_until_a_new_one_is_begun(page: Page) -> None:
    ids: list[str | None] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            ids.append(json.loads(request.post_data or "")["conversation_id"])

    page.on("request", note)
    for message in ("dna?", "hostile"):
        ask(page, message)
        expect(page.get_by_role("button", name="Send")).to_be_enabled()
        expect(page.locator("#log > li[aria-busy]")).to_have_count(0)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#log > li")).to_have_count(0)
    expect(page.get_by_label("Your message")).to_be_focused()
    ask(page, "dna?")
    expect(page.locator("#log .sources li")).to_have_count(2)
    assert ids[0] is None
    assert ids[1] is not None
    assert ids[2] is None


def test_the_notice_is_shown_and_all_can_be_reached_by_keyboard(page: Page) -> None:
    expect(page.get_by_role("note")).to_contain_text("not medical advice")
    ask(page, "unknown")
    expect(page.get_by_role("button", name="hostile")).to_be_visible()
    page.get_by_role("button", name="hostile").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#log > li.user").nth(1)).to_have_text("hostile")
