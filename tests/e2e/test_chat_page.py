"""A conversation on the page at `/`, in a real browser."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, Request, expect

from pipeline.types import Outcome
from tests.e2e.conftest import OpenPage
from tests.e2e.scripted import Piece, ask, reply, settled

pytestmark = pytest.mark.process

DNA = reply(
    Piece(
        "No. It stays outside the nucleus.",
        "dna",
        title="Can it change my DNA?",
        url="https://example.org/dna",
    ),
    Piece("It is gone within days.", "gone", title="How long does it stay?", url="javascript:alert(1)"),
)
CHOICES = ("How do I reset it?", "How do I return it?")
REPLIES = {
    "dna?": DNA,
    "unknown": reply(
        Piece("I don't have an answer to that."), outcome=Outcome.NO_ANSWER, suggestions=("dna?", "unknown")
    ),
    "it": reply(
        Piece("I'm not sure which of these you mean:\n\n- How do I reset it?\n- How do I return it?"),
        outcome=Outcome.CLARIFY,
        suggestions=CHOICES,
    ),
    CHOICES[1]: reply(Piece("1. Pack it.\n2. Send it back.", "return")),
}

# Notes all that is seen of the reply, and whether it was still being said.
_WATCH = """() => {
  window.seen = [];
  const log = document.querySelector("candor-chat").shadowRoot.querySelector(".log");
  new MutationObserver(() => {
    const item = log.querySelector("article.assistant");
    if (item) seen.push([item.innerText, item.getAttribute("aria-busy")]);
  }).observe(log, { childList: true, subtree: true });
}"""


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page(REPLIES)


def test_a_reply_streams_and_its_marks_lead_to_its_sources(page: Page) -> None:
    page.evaluate(_WATCH)
    item = ask(page, "dna?")
    seen = page.evaluate("seen")
    assert any("nucleus." in text and "within days" not in text for text, busy in seen if busy == "true")
    mark = item.get_by_role("link", name="Source 1: Can it change my DNA?")
    expect(mark).to_have_attribute("href", "https://example.org/dna")
    expect(mark).to_have_attribute("title", "Can it change my DNA?")
    expect(item.locator(".sources li")).to_have_count(2)
    source = item.locator(".sources").get_by_role("link", name="Can it change my DNA?")
    expect(source).to_have_attribute("rel", "noopener noreferrer")
    item.get_by_role("button", name="Source 2").click()  # without an address of the web, it leads to the list
    expect(item.locator(".sources li").nth(1)).to_be_focused()
    with page.context.expect_page() as opened:
        page.context.route("https://example.org/**", lambda route: route.fulfill(body="the source"))
        mark.click()
    assert opened.value.url == "https://example.org/dna"


def test_what_is_said_stays_in_place_while_more_is_said(open_page: OpenPage) -> None:
    page = open_page(
        {"long": reply(Piece("- one\n- two"), Piece("| a | b |\n|---|---|\n| 1 | 2 |"), Piece("End."))}
    )
    page.get_by_label("Your message").fill("long")
    page.keyboard.press("Enter")
    page.locator(".text > ul").wait_for()
    page.locator(".text > ul").evaluate("list => list.seen = true")
    settled(page, 0)
    expect(page.locator(".text table")).to_have_count(1)
    assert page.locator(".text > ul").evaluate("list => list.seen") is True


def test_a_choice_is_shown_once_and_a_click_on_it_gets_its_entry(page: Page) -> None:
    item = ask(page, "it")
    expect(item.locator(".text")).to_have_text("I'm not sure which of these you mean:")
    group = item.get_by_role("group", name="Which question do you mean?")
    expect(group.get_by_role("button")).to_have_text(CHOICES)
    group.get_by_role("button", name=CHOICES[1]).click()
    expect(page.locator("article.user").nth(1)).to_have_text(CHOICES[1])
    expect(settled(page, 1).locator("ol > li")).to_have_text(
        ["Pack it.", "Send it back.\u202f[1]", "[1]About return"]
    )


def test_choices_can_be_taken_by_keyboard(page: Page) -> None:
    item = ask(page, "unknown")
    item.get_by_role("button", name="dna?").focus()
    page.keyboard.press("Tab")
    expect(item.get_by_role("button", name="unknown")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(settled(page, 1)).to_contain_text("nucleus")
    expect(page.get_by_label("Your message")).to_be_focused()


def test_whoever_reads_on_keeps_the_focus(page: Page) -> None:
    ask(page, "dna?")
    page.get_by_label("Your message").fill("unknown")
    page.keyboard.press("Enter")
    page.locator(".sources a").first.focus()
    settled(page, 1)
    expect(page.locator(".sources a").first).to_be_focused()


def test_an_error_is_told_and_the_next_message_goes_through(page: Page) -> None:
    failed = ask(page, "breaks").locator(".problem")
    expect(failed).to_contain_text("Something went wrong")
    expect(failed).not_to_contain_text("canary")
    expect(ask(page, "dna?").locator(".sources li")).to_have_count(2)


def test_a_conversation_goes_on_until_a_new_one_is_begun(page: Page) -> None:
    ids: list[str | None] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            ids.append(json.loads(request.post_data or "")["conversation_id"])

    page.on("request", note)
    for message in ("dna?", "unknown"):
        ask(page, message)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("article")).to_have_count(0)
    expect(page.get_by_label("Your message")).to_be_focused()
    ask(page, "dna?")
    assert ids[0] is None
    assert ids[1] is not None
    assert ids[2] is None


def test_a_new_conversation_ends_a_reply_that_is_being_said(page: Page) -> None:
    page.get_by_label("Your message").fill("dna?")
    page.keyboard.press("Enter")
    expect(page.locator("article .text").nth(1)).to_contain_text("nucleus")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("article")).to_have_count(0)
    expect(ask(page, "unknown").locator(".choices button")).to_have_count(2)


def test_the_notice_is_shown_and_no_cookie_is_set(page: Page) -> None:
    expect(page.get_by_role("note")).to_contain_text("not medical advice")
    ask(page, "dna?")
    assert page.context.cookies() == []
