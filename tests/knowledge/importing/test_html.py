from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.importing.html import markdown_of
from knowledge.importing.parsing import parse_record


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        (
            "<p>Ask at the <b>desk</b>.</p><ul><li>Green: guests</li><li>Red: staff</li></ul>",
            "Ask at the **desk**.\n\n- Green: guests\n- Red: staff",
        ),
        ("Shop<br>12 Mill Lane<br/>Oldtown", "Shop\n12 Mill Lane\nOldtown"),
        (
            'See <a href="https://e.org/a?b=1&amp;c=2">our page</a>.',
            "See [our page](https://e.org/a?b=1&c=2).",
        ),
        ('<a href="javascript:alert(1)">x</a> <a href="tel:+4930">call</a>', "x [call](tel:+4930)"),
        ("<p>Fish &amp; chips&nbsp;&lt; 5 euros</p>", "Fish & chips\u00a0< 5 euros"),
        ("<script>alert(1)</script><p onclick='x()'>Hi</p><style>p{}</style>", "Hi"),
        ("<ol><li>One</li><li>Two</li></ol>", "1. One\n2. Two"),
        ("First **line**\nsecond <b>line</b>\n\n- item", "First **line**\nsecond **line**\n\n- item"),
        ("<p>Use &lt;b&gt; for bold</p>", "Use \\<b> for bold"),
    ],
)
def test_html_becomes_markdown(html: str, markdown: str) -> None:
    assert markdown_of(html) == markdown
    assert markdown_of(markdown) == markdown


@pytest.mark.parametrize(
    "text",
    [
        "Send Authorization: Bearer <your-api-key> with <b-key>.",
        "Write to Ann <jobs@shoes.example>.",
        "a < b and c > d",
        "A List<int> holds numbers.",
        "Use `<b>` or:\n\n```html\n<p>x</p>\n```\n\nand done.",
        "Fish &amp; chips",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)
def test_what_is_no_html_stays(text: str) -> None:
    assert markdown_of(text) == text


def test_placeholders_and_code_amid_html_stay() -> None:
    html = "<p>Send <your-key> to <i>Ann</i> <a@b.example>:</p><p>`<b>`</p>"
    assert markdown_of(html) == "Send <your-key> to *Ann* <a@b.example>:\n\n`<b>`"


def test_a_table_becomes_one() -> None:
    html = "<table><tr><th>Plan</th><th>Price</th></tr><tr><td>Basic</td><td>9</td></tr></table>"
    assert markdown_of(html).splitlines()[0].split("|")[1].strip() == "Plan"
    assert "| Basic | 9 |" in markdown_of(html)


def test_every_import_converts_the_answer_alone() -> None:
    (entry,) = parse_record({"id": "a", "question": "<b>Q</b>?", "answer": "<p>A</p><p>B</p>"}).entries
    assert (entry.question, entry.answer) == ("<b>Q</b>?", "A\n\nB")


PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<ul>",
        "<li>",
        "<a href=x>",
        "<",
        ">",
        "&lt;",
        "`",
        "```",
        "\n",
        "x ",
        "<k>",
        "&",
    ]
)


@given(st.lists(PIECES, max_size=20).map("".join))
def test_twice_is_once(text: str) -> None:
    once = markdown_of(text)
    assert markdown_of(once) == once
