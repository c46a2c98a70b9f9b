"""How the Markdown of a reply is shown: as elements, with nothing of it lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from playwright.sync_api import Locator, Page, expect

from pipeline.types import Outcome
from tests.e2e.conftest import OpenPage
from tests.e2e.scripted import Piece, ask, beyond, reply

pytestmark = pytest.mark.process

Show = Callable[..., Locator]


@pytest.fixture
def show(open_page: OpenPage) -> Show:
    """The text of a reply of these pieces, settled on the page."""

    def shown(*pieces: Piece, outcome: Outcome = Outcome.ANSWERED) -> Locator:
        return ask(open_page({"q": reply(*pieces, outcome=outcome)}), "q").locator(".text")

    return shown


def texts(items: Locator) -> Sequence[str]:
    return items.all_inner_texts()


def test_lists_nest_and_their_mark_stands_in_the_last_item(show: Show) -> None:
    text = show(Piece("Bring:\n- a card\n  - with a photo\n  - not expired\n- a form", "card"))
    expect(text.locator("> p")).to_have_text("Bring:")
    assert text.locator("> ul > li").count() == 2
    assert texts(text.locator("> ul > li > ul > li")) == ["with a photo", "not expired"]
    expect(text.locator("> ul > li").nth(1)).to_have_text("a form\u202f[1]")
    expect(text.locator("sup button")).to_have_count(1)


def test_steps_keep_their_numbers(show: Show) -> None:
    text = show(
        Piece(
            "1. Stop it.\n   It takes a minute.\n2. Run:\n\n   ```\n   make all\n   ```\n\n4) Wait.\n5) Go.",
            "steps",
        )
    )
    numbers = text.locator("ol > li").evaluate_all("items => items.map((item) => item.value)")
    assert numbers == [1, 2, 4, 5]
    expect(text.locator("ol.round > li")).to_have_text(["Wait.", "Go.\u202f[1]"])
    expect(text.locator("li pre")).to_have_text("make all")
    assert "Stop it.\nIt takes a minute." in text.locator("li").first.inner_text()


def test_numbers_that_are_all_the_same_count_on(show: Show) -> None:
    items = show(Piece("1. a\n1. b\n1. c", "lazy")).locator("li")
    assert items.evaluate_all("items => items.map((item) => item.value)") == [1, 2, 3]


def test_a_table_is_one_and_scrolls_inside(show: Show) -> None:
    wide = " | ".join(f"a rather long head {number}" for number in range(9))
    rule = "|".join([":-", "-:", *["-"] * 7])
    row = " | ".join(["a\\|b", "`x`", "**c**", *"defghi"])
    text = show(
        Piece(f"Fees:\n\n| {wide} |\n|{rule}|\n| {row} |", "fees", apart=True), Piece("Paid at once.")
    )
    expect(text.locator("th")).to_have_count(9)
    assert texts(text.locator("td"))[:3] == ["a|b", "x", "c"]
    expect(text.locator("td strong")).to_have_text("c")
    expect(text.locator("p.marks button")).to_have_text("[1]")
    expect(text.locator("table button")).to_have_count(0)
    assert text.locator(".wide").evaluate("it => it.scrollWidth > it.clientWidth")
    assert text.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


CODE = "GET /names[0] HTTP/1.1\nAuthorization: Bearer <your-key>\n\n  **not bold** [1] https://example.org"


def test_code_is_kept_as_it_is(show: Show) -> None:
    text = show(
        Piece(f"Send:\n\n```http\n{CODE}\n```", "api", apart=True),
        Piece("Put `<your-key>` and ``a`b`` into `names[0]`, or <your-key> and names[0] in *text*.", "key"),
    )
    assert text.locator("pre").text_content() == CODE
    expect(text.locator("p.marks")).to_have_text("[1]")
    assert texts(text.locator("p code")) == ["<your-key>", "a`b", "names[0]"]
    expect(text.locator("p").last).to_contain_text("or <your-key> and names[0] in text.")


def test_headings_and_rules_and_quotes(show: Show) -> None:
    text = show(
        Piece(
            "# One ##\n\nA\n\n### Deep\n\nB\n\n**In bold**\nC\n\n**Said in bold.**\n\n---\n\n"
            "> quoted\n> twice",
            "h",
        ),
    )
    assert texts(text.locator("h2")) == ["One"]
    assert texts(text.locator("h3")) == ["Deep"]
    assert texts(text.locator("h4")) == ["In bold"]
    expect(text.locator("p > strong")).to_have_text("Said in bold.")
    expect(text.locator("hr")).to_have_count(1)
    assert text.locator("blockquote").inner_text().startswith("quoted\ntwice")


def test_lines_and_emphasis(show: Show) -> None:
    text = show(
        Piece("One\ntwo **bold _both_** 2 * 3 * 4 snake_case_name ~~gone~~ \\*star\\* &lt;b&gt;\n• dot", "e")
    )
    assert text.locator("p").inner_text() == "One\ntwo bold both 2 * 3 * 4 snake_case_name gone *star* <b>"
    expect(text.locator("strong")).to_have_text("bold both")
    expect(text.locator("strong em")).to_have_text("both")
    expect(text.locator("del")).to_have_text("gone")
    expect(text.locator("li")).to_have_text("dot\u202f[1]")


def test_only_a_mark_of_a_citation_is_a_link(show: Show) -> None:
    said = "Call us and press [1], then [2]. 🎉 See [1]"
    text = show(Piece(said, "menu"), Piece("Or press [1] again.", "menu"), Piece("Bye [1]"))
    assert texts(text.locator("p")) == [f"{said}\u202f[1]", "Or press [1] again.\u202f[1]", "Bye [1]"]
    expect(text.locator("sup button")).to_have_count(2)


LINKED = {
    '[the page](https://example.org/a_(b) "t")': "https://example.org/a_(b)",
    "<https://example.org/x>": "https://example.org/x",
    "(see https://example.org/a_b_c?x=1&y=2).": "https://example.org/a_b_c?x=1&y=2",
    "www.example.org/help,": "https://www.example.org/help",
    "**https://example.org**": "https://example.org/",
    "first_last@example.org.": "mailto:first_last@example.org",
    "[write](mailto:a@example.org)": "mailto:a@example.org",
    "[call](tel:+4930123456)": "tel:+4930123456",
    "+49 (0)30 1234-567": "tel:+49301234567",
    "0800 111 0 111,": "tel:08001110111",
    "(555) 010-0199.": "tel:5550100199",
    "1-800-555-0199": "tel:18005550199",
    "Please call 116 123 or": "tel:116123",
    "Dial 112.": "tel:112",
    "Call the emergency line on **555 0123** before you come.": "tel:5550123",
}


def test_addresses_and_telephone_numbers_are_links(show: Show) -> None:
    text = show(Piece("\n\n".join(LINKED), "links"))
    links = text.locator("a:not(sup a)")
    assert links.evaluate_all("all => all.map((link) => link.href)") == list(LINKED.values())
    assert set(links.evaluate_all("all => all.map((link) => link.rel)")) == {"noopener noreferrer"}


def test_a_number_of_the_house_is_linked_and_stays_on_one_line(show: Show) -> None:
    text = show(
        Piece("I have no answer. Ask reception, 555-0134 or desk@aster.example."), outcome=Outcome.NO_ANSWER
    )
    links = text.locator("a")
    assert links.evaluate_all("all => all.map((link) => link.href)") == [
        "tel:5550134",
        "mailto:desk@aster.example",
    ]
    assert links.first.evaluate("it => getComputedStyle(it).whiteSpace") == "nowrap"


UNLINKED = (
    "2026-10-01 and 01.02.2026, from 08:00 - 17:00, 0.125-0.250 mg, 10 000 000 people, 3.14159265",
    "IBAN DE89 3704 0044 0532 0130 00, ISBN 978-3-16-148410-0, version 10.0.0.1234567, year 2024",
    "[x](ftp://example.org) [y](/path) [z](javascript:alert(1)) 911 people",
)


def test_other_numbers_and_addresses_stay_text(show: Show) -> None:
    text = show(*(Piece(each) for each in UNLINKED), outcome=Outcome.SMALL_TALK)
    expect(text.locator("a")).to_have_count(0)
    assert texts(text.locator("p")) == list(UNLINKED)


def test_an_alarm_has_numbers_to_tap(show: Show) -> None:
    text = show(Piece("You can reach 988 at any hour, or 116 123."), outcome=Outcome.DECLINED)
    assert text.locator("a").evaluate_all("all => all.map((link) => link.href)") == ["tel:988", "tel:116123"]


def test_an_alarm_before_an_answer_has_numbers_to_tap(show: Show) -> None:
    text = show(Piece("Rufen Sie sofort 112."), Piece("In 112 cases it was harmless.", "burns"))
    assert text.locator("a:not(sup a)").evaluate_all("all => all.map((link) => link.href)") == ["tel:112"]


def test_a_text_from_right_to_left_runs_so(open_page: OpenPage) -> None:
    page = open_page({"سؤال": reply(Piece("- أولاً\n- ثانياً `x[0]`", "rtl"))})
    text = ask(page, "سؤال").locator(".text")
    assert text.evaluate("it => getComputedStyle(it).direction") == "rtl"
    assert text.locator("code").evaluate("it => getComputedStyle(it).direction") == "ltr"
    assert page.locator(".user .text").evaluate("it => getComputedStyle(it).direction") == "rtl"


LONG = "x" * 200


def test_nothing_is_lost_at_320_pixels(open_page: OpenPage) -> None:
    pieces = (
        Piece(f"**Head**\n\n1. {LONG}\n   - {LONG}\n     - deep", "a"),
        Piece(f"```\n{LONG}\n```", "b", apart=True),
        Piece(f"| a | b |\n|---|---|\n| {LONG} | 2 |", "c", apart=True, title=LONG),
    )
    page: Page = open_page({"q": reply(*pieces)})
    page.set_viewport_size({"width": 320, "height": 568})
    ask(page, "q")
    assert beyond(page, 320) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320
