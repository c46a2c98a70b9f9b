"""The widget on pages of other origins: it works on those that the owner lists, under a strict policy, and is
refused everywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.conftest import owners_folder
from tests.e2e.foreign import Site, foreign_site
from tests.e2e.scripted import Piece, Scripted, ask, reply
from tests.fakes import services, serving

pytestmark = pytest.mark.process

REPLIES = {"dna?": reply(Piece("- No.\n- Never.", "dna", url="https://example.org/dna"))}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """A site that the owner lists, and one that he does not."""
    with ExitStack() as opened:
        listed, other = (opened.enter_context(foreign_site()) for _ in range(2))
        folder = tmp_path_factory.mktemp("served")
        using = services(
            folder,
            Scripted(REPLIES),
            seeds_dir=owners_folder(folder / "seeds"),
            cors_origins=(listed.address,),
            frame_origins=(listed.address,),
        )
        listed.host = other.host = opened.enter_context(serving(using))
        yield listed, other


@pytest.fixture
def said() -> list[str]:
    """What the browser complains of."""
    return []


@pytest.fixture
def visit(browser: Browser, said: list[str]) -> Iterator[Page]:
    page = browser.new_context().new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    page.context.close()


def test_it_works_on_a_listed_origin_under_a_strict_policy(
    visit: Page, sites: tuple[Site, Site], said: list[str]
) -> None:
    listed, _ = sites
    asked: list[str] = []
    visit.on("request", lambda sent: asked.append(sent.url))
    visit.goto(listed.address)
    opener = visit.get_by_role("button", name="Open the chat")
    opener.click()
    panel = visit.get_by_role("dialog", name="Candor")
    expect(visit.get_by_label("Your message")).to_be_focused()
    item = ask(visit, "dna?")
    expect(item.locator(".text li")).to_have_text(["No.", "Never.\u202f[1]"])
    expect(item.get_by_role("link", name="Source 1")).to_have_attribute("href", "https://example.org/dna")
    item.get_by_role("button", name="Good answer").click()
    expect(item.get_by_role("status")).to_have_text("Thank you.")
    assert panel.evaluate("it => getComputedStyle(it).position") == "fixed"  # its style sheet is at work
    visit.keyboard.press("Escape")  # leaves the comment
    visit.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()
    visit.reload()
    visit.get_by_role("button", name="Open the chat").click()
    expect(visit.locator("article.assistant .text li")).to_have_count(2)
    assert visit.context.cookies() == []
    assert {url for url in asked if not url.startswith((listed.address, listed.host))} == set()
    assert said == []


def test_it_fills_a_place_of_its_own(visit: Page, sites: tuple[Site, Site], said: list[str]) -> None:
    visit.goto(f"{sites[0].address}/box")
    expect(visit.get_by_role("heading", level=2, name="Candor")).to_be_visible()
    expect(ask(visit, "dna?").locator(".text li")).to_have_count(2)
    assert visit.locator(".panel").evaluate("it => getComputedStyle(it).colorScheme") == "dark"
    assert said == []


def test_on_a_small_screen_nothing_behind_it_can_be_reached(
    browser: Browser, sites: tuple[Site, Site]
) -> None:
    small: ViewportSize = {"width": 320, "height": 640}
    context = browser.new_context(viewport=small, has_touch=True, is_mobile=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(sites[0].address)
    page.get_by_role("button", name="Open the chat").tap()
    panel = page.get_by_role("dialog", name="Candor")
    assert panel.evaluate("it => it.matches(':modal')")
    assert panel.bounding_box() == {"x": 0, "y": 0, **small}
    page.get_by_role("button", name="Close the chat").tap()
    expect(panel).to_be_hidden()
    context.close()


def test_it_is_refused_on_an_origin_that_is_not_listed(
    visit: Page, sites: tuple[Site, Site], said: list[str]
) -> None:
    _, other = sites
    visit.goto(other.address)
    visit.wait_for_load_state("networkidle")
    expect(visit.locator("candor-chat .root")).to_have_count(0)
    assert any("CORS policy" in text for text in said)
    ask_it = """(host) => fetch(host + "/chat", {method: "POST", body: "{}"})
      .then((response) => response.status, () => "refused")"""
    assert visit.evaluate(ask_it, other.host) == "refused"


def test_only_listed_origins_may_frame_the_page(
    visit: Page, sites: tuple[Site, Site], said: list[str]
) -> None:
    listed, other = sites
    visit.goto(f"{listed.address}/frame")
    expect(visit.frame_locator("iframe").get_by_label("Your message")).to_be_visible()
    assert said == []
    visit.goto(f"{other.address}/frame")
    visit.wait_for_load_state("networkidle")
    expect(visit.frame_locator("iframe").get_by_label("Your message")).to_have_count(0)
    assert any("frame-ancestors" in text for text in said)
