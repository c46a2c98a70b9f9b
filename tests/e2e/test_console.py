"""The console in a real browser: from a draft to what users read, and who may do none of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from app.compose.services import Services
from app.store.curators import Role
from learning.evaluation.report.last_report import keep_report
from learning.evaluation.statistics.figures import figures_of
from pipeline.ports import Say
from pipeline.types import Citation, Outcome, Question, Reply, TurnContext
from tests.app.console.test_evaluation import run as evaluated
from tests.app.release_gate.test_gate import ByHeart
from tests.e2e.scripted import ask
from tests.fakes import entry, services, serving, trace

pytestmark = pytest.mark.process

PASSWORD = "correct horse battery"
VIEWS = (
    "",
    "/ui/try?message=What+about+dna%3F",
    "/ui/entries",
    "/ui/entries/-/new",
    "/ui/entries/-/deleted",
    "/ui/entries/dna",
    "/ui/entries/dna/history",
    "/ui/releases",
    "/ui/gold",
    "/ui/gold/new",
    "/ui/evaluation",
    "/ui/gaps",
    "/ui/suggestions",
    "/ui/feedback",
    "/ui/turns",
    "/ui/nothing",
)
HOUSE = ("/ui/import", "/ui/exports", "/ui/users", "/ui/audit", "/ui/settings", "/ui/account")


class Knows:
    """Answers the questions of the live release word for word, and nothing else."""

    using: Services

    async def run(
        self, message_id: str, question: Question, say: Say, context: TurnContext | None = None
    ) -> Reply:
        entries = self.using.live.current.entries.values()
        known = next((each for each in entries if question.text in (each.question, *each.alternates)), None)
        reply = Reply("I have no answer to that.", Outcome.NO_ANSWER)
        if known is not None:
            cited = Citation(1, known.id, known.question, None, 0, len(known.answer))
            reply = Reply(f"{known.answer} [1]", Outcome.ANSWERED, (cited,))
        await say(reply.text)
        made = trace(message_id, question.text, reply.outcome)
        await self.using.traces.record(made, context or TurnContext())
        return reply


@dataclass(frozen=True, slots=True)
class House:
    address: str
    using: Services


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    chain = Knows()
    using = services(tmp_path_factory.mktemp("console"), chain, live=False, ask=ByHeart())
    chain.using = using
    for name in ("dna", "fees"):
        using.entries.create(entry(name, alternates=(f"tell me of {name}",)))
    for role in Role:
        using.curators.add(f"a-{role}", role, PASSWORD)
    seen = evaluated()
    keep_report(using.settings.data_dir, [seen], [figures_of(seen)])
    with serving(using) as address:
        yield House(address, using)


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(browser: Browser, house: House) -> Iterator[SignIn]:
    """Opens the console as somebody of a role, or the page for users. At the end, no policy may have been
    broken, no script failed, and nothing asked of another address."""
    problems: list[str] = []

    def hear(url: str) -> None:
        if not url.startswith(house.address):
            problems.append(url)

    with ExitStack() as opened:

        def open_it(role: Role | None, path: str = "/admin", **context: object) -> Page:
            page = browser.new_context(base_url=house.address, **context).new_page()  # type: ignore[arg-type]
            opened.callback(page.context.close)
            page.set_default_timeout(15_000)
            page.on("console", lambda said: problems.append(said.text) if _is_fault(said) else None)
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("dialog", lambda dialog: dialog.accept())
            page.on(
                "request",
                lambda sent: None if sent.url.startswith(house.address) else problems.append(sent.url),
            )
            page.goto(path)
            if role is not None:
                page.get_by_label("Name").fill(f"a-{role}")
                page.get_by_label("Password").fill(PASSWORD)
                page.keyboard.press("Enter")
                page.get_by_role("button", name="Sign out").wait_for()
            return page

        yield open_it
    assert problems == []


def _is_fault(said: ConsoleMessage) -> bool:
    """A browser tells of each 4xx; these tests want some."""
    return said.type in ("error", "warning") and not said.text.startswith("Failed to load resource")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def answer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Answer", exact=True)


def publish(approver: Page) -> None:
    approver.goto("/admin/ui/releases")
    press(approver, "Publish now")
    expect(approver.get_by_text("Published: users get it now.")).to_be_visible(timeout=30_000)
    expect(approver.get_by_text("All that is approved is live.")).to_be_visible()


def test_a_corrected_answer_goes_live_and_back(sign_in: SignIn) -> None:
    editor, approver, user = sign_in(Role.EDITOR), sign_in(Role.APPROVER), sign_in(None, "/")
    expect(ask(user, "What about dna?")).to_contain_text("well established")
    editor.get_by_role("link", name="Entries").click()
    editor.get_by_label("Search").fill("about dna")
    editor.keyboard.press("Enter")
    editor.get_by_role("link", name="What about dna?").click()
    answer(editor).fill("It stays **outside** the nucleus.")
    expect(editor.locator("#preview .as-read .assistant strong")).to_have_text("outside")  # by the widget
    expect(editor.locator("#preview .assistant sup.mark")).to_have_count(1)
    press(editor, "Save and send to review")
    expect(editor.get_by_role("status")).to_contain_text("It waits for an approver")
    expect(editor.get_by_text("Users still get version 1")).to_be_visible()
    expect(editor.get_by_role("button", name="Approve")).to_have_count(0)

    approver.goto("/admin")
    approver.get_by_role("link", name="1 entry waits for approval.").click()
    approver.get_by_role("link", name="What about dna?").click()
    press(approver, "Approve")
    expect(approver.get_by_text("not live yet")).to_be_visible()
    expect(ask(user, "What about dna?")).to_contain_text("well established")
    publish(approver)
    expect(ask(user, "What about dna?")).to_contain_text("outside the nucleus")

    approver.locator("tbody tr").first.get_by_role("link").click()
    expect(approver.get_by_role("heading", name="Test passed")).to_be_visible()
    card = approver.locator("details", has_text="What about dna?").first
    if card.get_attribute("open") is None:
        card.locator("summary").click()
    expect(card).to_contain_text("well established")
    expect(card).to_contain_text("outside the nucleus")
    approver.goto("/admin/ui/releases")
    approver.get_by_role("button", name="Make it live").last.click()
    expect(approver.get_by_role("status")).to_contain_text("is live")
    expect(ask(user, "What about dna?")).to_contain_text("well established")
    press(approver, "Undo")
    expect(ask(user, "What about dna?")).to_contain_text("outside the nucleus")


def test_what_was_asked_in_vain_becomes_an_entry(sign_in: SignIn) -> None:
    user, approver = sign_in(None, "/"), sign_in(Role.APPROVER)
    expect(ask(user, "may my cat come along?")).to_contain_text("no answer")
    approver.get_by_role("link", name="Unanswered questions").first.click()
    approver.get_by_role("link", name="may my cat come along?").click()
    press(approver, "Write an answer: make a draft entry")
    expect(approver.get_by_label("Question")).to_have_value("may my cat come along?")
    answer(approver).fill("Cats are welcome.")
    press(approver, "Save and approve")
    expect(approver.get_by_role("status")).to_contain_text("It is approved")
    publish(approver)
    expect(ask(user, "may my cat come along?")).to_contain_text("Cats are welcome")


def test_a_visitor_sees_nothing_and_a_viewer_changes_nothing(sign_in: SignIn, house: House) -> None:
    visitor, viewer = sign_in(None, "/admin/ui/entries/dna"), sign_in(Role.VIEWER)
    expect(visitor.get_by_role("button")).to_have_text(["Sign in"])
    expect(visitor.get_by_text("dna")).to_have_count(0)
    before = list(house.using.entries.all())
    for view in VIEWS:
        viewer.goto(f"/admin{view}")
        writing = viewer.locator("form[method=post] button:enabled")
        expect(writing).to_have_text(["Sign out"])
    viewer.goto("/admin/ui/entries/dna")
    expect(answer(viewer)).to_be_disabled()
    assert list(house.using.entries.all()) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(sign_in: SignIn, scheme: str) -> None:
    page = sign_in(None, "/admin/sign-in", color_scheme=scheme)
    assert Axe().run(page).violations_count == 0
    page = sign_in(Role.ADMIN, color_scheme=scheme)
    for view in (*VIEWS, *HOUSE):
        page.goto(f"/admin{view}")
        found = Axe().run(page)
        assert found.violations_count == 0, (view, found.generate_report())


def test_nothing_is_lost_at_320_pixels(sign_in: SignIn) -> None:
    page = sign_in(Role.ADMIN, viewport={"width": 320, "height": 640})
    for view in (*VIEWS, *HOUSE):
        page.goto(f"/admin{view}")
        assert page.evaluate("document.documentElement.scrollWidth") == 320, view
        assert page.evaluate(_BEYOND) == [], view
    page.locator("summary", has_text="Menu").click()
    page.get_by_role("link", name="Entries").click()
    expect(page.get_by_role("heading", name="Entries")).to_be_visible()


_BEYOND = """() => [...document.querySelectorAll("main *, header *")]
  .filter((each) => !each.closest(".wide, pre, .hidden, svg, details:not([open])"))
  .filter((each) => each.getBoundingClientRect().width && each.getBoundingClientRect().right > 320.5)
  .map((each) => each.outerHTML.slice(0, 200))"""


def test_all_of_it_goes_by_keyboard(sign_in: SignIn) -> None:
    page = sign_in(Role.APPROVER, "/admin/ui/entries/fees")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    names = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")
        assert page.evaluate(_IS_SEEN), name
        names.append(name)
        if name == "comment":
            break
    order = ["Retire", "question", "answer", "alternates", "sources", "topic", "valid_until", "comment"]
    assert [name for name in names if name in order][:3] == order[:3]
    assert [name for name in dict.fromkeys(names) if name in order] == order
    page.keyboard.type("Checked")
    answer(page).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Five.")
    page.get_by_label("Why you change it").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_be_visible()


_IS_SEEN = """() => document.activeElement.type === "date"  // shows which part of it has the focus
  || getComputedStyle(document.activeElement).outlineStyle !== `none`"""


def test_it_works_without_scripts(sign_in: SignIn) -> None:
    page = sign_in(Role.EDITOR, "/admin/ui/entries/fees", java_script_enabled=False)
    answer(page).fill("Six.")
    press(page, "Save and send to review")
    expect(page.get_by_role("status")).to_contain_text("It waits for an approver")
    press(page, "Undo")
    expect(page.get_by_role("status")).to_contain_text("It is again as in version")
