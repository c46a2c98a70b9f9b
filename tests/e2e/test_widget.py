"""What the widget does around a conversation: stop, retry, remember, delete, tell what went wrong."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session, select

from app.store.turns.conversations import ExchangeRow, FeedbackRow
from pipeline.types import Outcome
from tests.e2e.conftest import OpenPage, Served, owners_folder
from tests.e2e.scripted import ALARM, AT_ONCE, REPLY, Piece, Scripted, ask, reply, settled
from tests.fakes import services, serving

pytestmark = pytest.mark.process

STEPS = Piece(
    "1. Pack it.\n2. Send it back.", "return", title="How do I return it?", url="https://example.org/r"
)
LONG = reply(*(Piece(f"Part {number}.", "long") for number in range(40)))
REPLIES = {
    "dna?": reply(Piece("No. It stays outside the nucleus.", "dna")),
    "How do I return it?": reply(STEPS),
    "long": LONG,
    "help": reply(Piece(ALARM), outcome=Outcome.DECLINED),
    "burn": reply(Piece(ALARM), Piece("Cool it with water.", "burns")),
}


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page(REPLIES)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_what_can_be_asked_is_offered_until_something_is(page: Page) -> None:
    expect(page.locator(".greeting")).to_have_text("Hello! What would you like to know?")
    topic = page.get_by_role("button", name="Returns")
    topic.click()
    expect(topic).to_have_attribute("aria-expanded", "true")
    page.get_by_role("group", name="Returns").get_by_role("button", name="How do I return it?").click()
    expect(settled(page, 0).locator(".text li")).to_have_text(["Pack it.", "Send it back.\u202f[1]"])
    expect(page.locator(".offers")).to_be_hidden()
    expect(page.get_by_label("Your message")).to_be_focused()
    press(page, "New conversation")
    expect(page.get_by_role("group", name="Example questions").get_by_role("button")).to_have_text("dna?")


def test_an_opinion_is_kept_with_its_comment(page: Page, served: Served) -> None:
    item = ask(page, "How do I return it?")
    item.get_by_role("button", name="Bad answer").click()
    expect(item.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    item.get_by_label("What was wrong or missing?").fill("Where to?")
    item.get_by_role("button", name="Send comment").click()
    expect(item.get_by_role("status")).to_have_text("Thank you.")
    expect(item.get_by_role("button", name="Bad answer")).to_be_focused()
    with Session(served.services.engine) as session:
        kept = [(row.rating, row.comment) for row in session.exec(select(FeedbackRow))]
    assert ("down", "Where to?") in kept
    page.reload()
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")


def test_a_reply_can_be_stopped_and_asked_for_again(page: Page, served: Served) -> None:
    before = served.chat.cancelled
    page.get_by_label("Your message").fill("long")
    page.keyboard.press("Enter")
    expect(page.locator(REPLY)).to_contain_text("Part 1.")
    press(page, "Stop")
    expect(page.locator(REPLY)).to_contain_text("You stopped this answer.")
    expect(page.locator(REPLY)).to_contain_text("Part 1.")
    served.chat.replies = {"long": reply(Piece("Short.", "long"))}
    press(page, "Try again")
    expect(settled(page, 0).locator(".text")).to_have_text("Short.\u202f[1]")
    expect(page.locator("article.user")).to_have_count(1)
    assert served.chat.cancelled == before + 1


def test_offline_is_told_and_the_question_waits(open_page: OpenPage) -> None:
    page = open_page(REPLIES, faults=True)
    page.context.set_offline(True)
    expect(page.locator(".state")).to_contain_text("You are offline.")
    item = ask(page, "dna?")
    expect(item).to_contain_text("You are offline, so the question could not be sent.")
    page.context.set_offline(False)
    expect(page.locator(".state")).to_be_empty()
    press(page, "Try again")
    expect(settled(page, 0)).to_contain_text("nucleus")


def test_whoever_asks_too_often_sees_when_to_go_on(open_page: OpenPage, tmp_path: Path) -> None:
    seeds = owners_folder(tmp_path / "seeds")
    using = services(tmp_path, Scripted(REPLIES), rate_limit_per_minute=30, seeds_dir=seeds)
    with serving(using) as address:
        page = open_page(REPLIES, address, faults=True)
        using.rate_limiter.take("127.0.0.1", 30)
        item = ask(page, "dna?")
        expect(item).to_contain_text("Those were many questions in a short time.")
        again = item.get_by_role("button")
        expect(again).to_have_text("Try again in 1 s")
        expect(again).to_have_attribute("aria-disabled", "true")
        again.click(force=True)  # too early: nothing is asked
        expect(again).to_have_text("Try again")
        again.click()
        expect(settled(page, 0)).to_contain_text("nucleus")
        page.goto("about:blank")


def test_a_service_that_cannot_answer_says_so_and_when_to_ask_again(open_page: OpenPage) -> None:
    item = ask(open_page(REPLIES, faults=True), AT_ONCE)
    expect(item).to_contain_text("The service cannot answer right now.")
    expect(item.get_by_role("button")).to_have_text("Try again in 5 s")


def test_a_reload_keeps_the_chat_and_a_switch_forgets_it(page: Page, served: Served) -> None:
    ask(page, "How do I return it?")
    page.reload()
    item = page.locator(REPLY)
    expect(item.locator(".text li")).to_have_count(2)
    expect(item.locator(".sources a")).to_have_attribute("href", "https://example.org/r")
    ask(page, "dna?")
    with Session(served.services.engine) as session:
        rows = list(session.exec(select(ExchangeRow)))
    assert rows[-1].conversation_id == rows[-2].conversation_id
    press(page, "Options")
    page.get_by_role("switch", name="Remember this chat in this browser").uncheck()
    assert page.evaluate("sessionStorage.getItem('candor-chat')") is None
    expect(page.locator(REPLY)).to_have_count(2)
    page.reload()
    expect(page.locator(".greeting")).to_be_visible()
    expect(page.locator(REPLY)).to_have_count(0)
    assert page.evaluate("localStorage.length") == 0


def test_a_question_that_a_reload_cut_off_can_be_asked_again(page: Page) -> None:
    page.get_by_label("Your message").fill("long")
    page.keyboard.press("Enter")
    expect(page.locator(REPLY)).to_contain_text("Part 1.")
    page.reload()
    expect(page.locator(REPLY)).to_contain_text("This answer was interrupted.")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_delete_my_chat_deletes_it_at_the_service(page: Page, served: Served) -> None:
    ask(page, "dna?")
    stored = page.evaluate("JSON.parse(sessionStorage.getItem('candor-chat')).conversation")
    kept = f"{served.address}/conversations/{stored}"
    assert httpx.get(kept).status_code == 200
    press(page, "Options")
    press(page, "Delete my chat")
    press(page, "Cancel")
    assert httpx.get(kept).status_code == 200
    press(page, "Delete my chat")
    press(page, "Delete")
    expect(page.locator(".state")).to_have_text("Your chat is deleted.")
    expect(page.locator("article")).to_have_count(0)
    assert httpx.get(kept).status_code == 404
    assert page.evaluate("sessionStorage.getItem('candor-chat')") is None


def test_a_chat_that_was_deleted_elsewhere_begins_anew(open_page: OpenPage, served: Served) -> None:
    page = open_page(REPLIES, faults=True)
    ask(page, "dna?")
    stored = page.evaluate("JSON.parse(sessionStorage.getItem('candor-chat')).conversation")
    httpx.delete(f"{served.address}/conversations/{stored}").raise_for_status()
    expect(ask(page, "How do I return it?").locator(".text li")).to_have_count(2)


@pytest.mark.parametrize("question", ["help", "burn"])
def test_an_alarm_stands_out_with_a_number_to_tap(page: Page, question: str) -> None:
    alarm: Locator = ask(page, question).get_by_role("group", name="Important")
    expect(alarm).to_contain_text(ALARM)
    expect(alarm).not_to_contain_text("Cool it")
    expect(alarm.get_by_role("link", name="Call 112")).to_have_attribute("href", "tel:112")


def test_a_reply_is_copied_with_its_sources(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    item = ask(page, "How do I return it?")
    item.get_by_role("button", name="Copy").click()
    expect(item.get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "1. Pack it.\n2. Send it back. [1]\n\n[1] How do I return it? https://example.org/r"


def test_a_long_message_is_told_how_much_is_left(page: Page) -> None:
    page.get_by_label("Your message").fill("x" * 3990)
    expect(page.get_by_text("10 left")).to_be_visible()


def test_a_page_in_another_language_has_the_widget_in_it(open_page: OpenPage) -> None:
    page = open_page({"سؤال": reply(Piece("جواب", "a"))}, path="/?lang=ar")
    assert page.title() == "أسئلة وأجوبة"
    expect(page.get_by_role("heading", level=1)).to_have_text("أسئلة وأجوبة")
    box = page.get_by_placeholder("اكتب سؤالك")
    assert box.evaluate("it => getComputedStyle(it).direction") == "rtl"
    box.fill("سؤال")
    box.press("Enter")
    text = settled(page, 0).locator(".text")
    expect(text).to_have_attribute("lang", "en")  # the knowledge base's, whatever the widget speaks


def test_german_french_and_spanish_come_with_it(open_page: OpenPage) -> None:
    for language, send in {"de": "Senden", "fr": "Envoyer", "es": "Enviar"}.items():
        page = open_page(REPLIES, path=f"/?lang={language}")
        expect(page.get_by_role("button", name=send, exact=True)).to_be_visible()


def test_the_page_may_say_whom_to_remember(page: Page) -> None:
    def sent(attributes: dict[str, str]) -> object:
        for name, value in attributes.items():
            page.locator("candor-chat").evaluate(
                "(chat, [name, value]) => chat.setAttribute(name, value)", [name, value]
            )
        with page.expect_request("**/chat") as asked:
            ask(page, "dna?")
        body = asked.value.post_data_json
        assert body is not None
        return body["user_id"]

    assert sent({}) is None
    assert sent({"user-id": "customer-17"}) == "customer-17"
    assert sent({"user-signature": "0a1b"}) == "customer-17.0a1b"
