"""Every state of the widget, for those who do not see it, use no mouse, or have a small screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from pipeline.types import Outcome
from tests.e2e.conftest import OpenPage
from tests.e2e.scripted import ALARM, AT_ONCE, REPLY, Piece, ask, beyond, reply, settled

pytestmark = pytest.mark.process

ANSWER = reply(
    Piece("**Before you go**\n\n- a card\n- a form\n\n> Ask first.", "card", url="https://example.org/card"),
    Piece("| fee | when |\n|---|---|\n| 3 € | at once |", "fee", apart=True),
    Piece("Run `make` or call +49 30 1234567:\n\n```\nmake all\n```", "run", apart=True),
)
REPLIES = {
    "all": ANSWER,
    "it": reply(Piece("Which one?\n\n- this\n- that"), outcome=Outcome.CLARIFY, suggestions=("this", "that")),
    "help": reply(Piece(ALARM), outcome=Outcome.DECLINED),
    "long": reply(*(Piece(f"Part {number}.", "long") for number in range(40))),
}


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def begin(page: Page) -> None:
    page.get_by_label("Your message").fill("long")
    page.keyboard.press("Enter")
    expect(page.locator(REPLY)).to_contain_text("Part 1.")


def deleting(page: Page) -> None:
    ask(page, "all")
    for name in ("Options", "Delete my chat"):
        press(page, name)


def offline(page: Page) -> None:
    page.context.set_offline(True)
    ask(page, "all")


def then(page: Page, act: Callable[[Page], object], name: str) -> None:
    act(page)
    press(page, name)


def answer(page: Page) -> Locator:
    return ask(page, "all")


STATES: dict[str, Callable[[Page], object]] = {
    "start": lambda page: None,
    "topic": lambda page: press(page, "Returns"),
    "answer": answer,
    "choice": lambda page: ask(page, "it"),
    "alarm": lambda page: ask(page, "help"),
    "saying": begin,
    "stopped": lambda page: then(page, begin, "Stop"),
    "failed": lambda page: ask(page, AT_ONCE),
    "offline": offline,
    "opinion": lambda page: then(page, answer, "Bad answer"),
    "options": lambda page: then(page, answer, "Options"),
    "deleting": deleting,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(open_page: OpenPage, state: str, scheme: str) -> None:
    page = open_page(REPLIES, faults=True, color_scheme=scheme, reduced_motion="reduce")
    STATES[state](page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert any(check["id"] == "color-contrast" for check in found.response["passes"])  # it looked within


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_lost_at_320_pixels(open_page: OpenPage, state: str) -> None:
    page = open_page(REPLIES, faults=True, viewport={"width": 320, "height": 568}, reduced_motion="reduce")
    STATES[state](page)
    assert beyond(page, 320) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_page_enlarged_four_times_can_still_be_used(open_page: OpenPage) -> None:
    page = open_page(REPLIES, viewport={"width": 320, "height": 256}, reduced_motion="reduce")
    ask(page, "all")
    press(page, "Bad answer")
    page.get_by_label("What was wrong or missing?").scroll_into_view_if_needed()
    expect(page.get_by_label("What was wrong or missing?")).to_be_in_viewport()
    page.get_by_label("Your message").scroll_into_view_if_needed()
    expect(page.get_by_label("Your message")).to_be_in_viewport()


def test_all_of_it_goes_by_keyboard(open_page: OpenPage) -> None:
    page = open_page(REPLIES)
    page.keyboard.type("it")
    page.keyboard.press("Enter")
    settled(page, 0)
    names = focused(page, "Shift+Tab", 9)
    reply_first = ["Bad answer", "Good answer", "Copy", "that", "this"]
    assert names == [*reply_first, "Privacy", "Conversation", "Options", "New conversation"]
    page.get_by_role("button", name="Options").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("switch")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("switch")).not_to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Options")).to_be_focused()


def focused(page: Page, key: str, times: int) -> list[str]:
    """What has the focus after each press of a key."""
    names = []
    for _ in range(times):
        page.keyboard.press(key)
        names.append(page.evaluate(_FOCUSED))
    return names


_FOCUSED = """() => {
  const it = document.querySelector("candor-chat").shadowRoot.activeElement;
  return it?.getAttribute("aria-label") ?? it?.textContent ?? "";
}"""


def test_a_reply_is_read_out_once_and_whole(open_page: OpenPage) -> None:
    page = open_page({"q": reply(Piece("One.", "a"), Piece("Two.", "b"))})
    ask(page, "q")
    heard = page.locator(".panel > .unseen[role=status]")
    expect(heard).to_contain_text("One.")
    expect(heard).to_contain_text("Two.")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")


def test_colours_can_be_set_from_the_page(open_page: OpenPage) -> None:
    page = open_page({})
    page.evaluate(
        "document.querySelector('candor-chat').style.setProperty('--candor-accent', 'rgb(1, 2, 3)')"
    )
    colour = "it => getComputedStyle(it).backgroundColor"
    assert page.get_by_role("button", name="Send").evaluate(colour) == "rgb(1, 2, 3)"
