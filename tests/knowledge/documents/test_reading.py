"""Each kind of document as sections under their headings."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from knowledge.documents.drafting import MOST_ANSWER, document_id_of, drafts_of
from knowledge.documents.reading import is_entry, is_table, read_document
from knowledge.documents.types import ConverterMissing, Document
from knowledge.types import EntryStatus
from tests.knowledge.documents.writing import docx, paragraph, pdf, table

LIMIT = 10_000_000
Seen = list[tuple[str, str]]


def read(name: str, data: bytes | str, url: str = "") -> Document:
    return read_document(name, data.encode() if isinstance(data, str) else data, LIMIT, url=url)


def told(document: Document) -> Seen:
    return [(draft.entry.question, draft.entry.answer) for draft in drafts_of(document)]


PAGE = """
<html><head><title>Parcels - Our town</title><style>p {}</style></head><body>
<nav><ul><li><a href="/">Home</a></li></ul></nav><header><p>Our town</p></header>
<main><h1>Parcels</h1><p onclick="steal()">Parcels are kept for ten days.</p>
<h2>What do I need?</h2><p>Bring:</p><ol><li>an <b>ID</b></li><li>the
<a href="https://example.org/slip">slip</a>, no <a href="javascript:alert(1)">copy</a></li></ol>
<h2>Fees</h2><table><tr><th>Weight</th><th>Zone</th><th>Price</th></tr>
<tr><td rowspan="2">1 kg</td><td>A</td><td>2</td></tr><tr><td>B</td><td>3</td></tr></table>
<pre><code>if a &lt; b:
    pay()</code></pre>
<details><summary>Can I pay by card?</summary><p>By any card.</p></details><p>Fees rise in March.</p>
<dl><dt>Who may collect it?</dt><dd>Whoever has the slip.</dd></dl>
<script>alert(1)</script></main><footer>Imprint</footer></body></html>
"""


def test_a_page_keeps_lists_tables_and_code_and_loses_what_surrounds_them() -> None:
    document = read("parcels.html", PAGE)
    assert document.title == "Parcels"
    assert told(document) == [
        ("Parcels", "Parcels are kept for ten days."),
        (
            "What do I need?",
            "Bring:\n\n1. an **ID**\n2. the\n   [slip](https://example.org/slip), no copy",
        ),
        (
            "Parcels: Fees",
            "| Weight | Zone | Price |\n| --- | --- | --- |\n| 1 kg | A | 2 |\n| 1 kg | B | 3 |\n\n"
            "```\nif a < b:\n    pay()\n```\n\nFees rise in March.",
        ),
        ("Can I pay by card?", "By any card."),
        ("Who may collect it?", "Whoever has the slip."),
    ]


def test_without_a_marked_main_part_the_main_content_is_found_and_kept_whole() -> None:
    prose = "".join(
        f"<p>Paragraph {n} says at some length what holds for parcels of kind {n}.</p>" for n in range(9)
    )
    listed = "<ul><li>one</li><li>two</li></ul>"
    around = "<div class='menu'><a href='/a'>All offices</a> <a href='/b'>Jobs</a></div>"
    page = (
        f"<html><body>{around}<div id='content'><h1>Parcels</h1>{prose}{listed}</div>{around}</body></html>"
    )
    ((question, answer),) = told(read("p.html", page))
    assert question == "Parcels"
    assert answer.endswith("- one\n- two") and "Paragraph 0" in answer and "Jobs" not in answer


def test_a_page_is_read_in_the_encoding_that_it_names() -> None:
    page = "<html><head><meta charset='windows-1251'></head><body><main><h1>Часы работы</h1><p>Да.</p></main>"
    assert told(read("p.html", page.encode("cp1251"))) == [("Часы работы", "Да.")]


MARKDOWN = """---
title: The guide
---
Before all.

# Visa

## How do I apply?

Fill *in*:

1. a
2. b

### By post

Send it.

**Can I pay in cash?**

No.

# Passport

## How do I apply?

Come.
"""


def test_markdown_keeps_what_stands_under_a_question_and_tells_questions_apart() -> None:
    document = read("guide.md", MARKDOWN)
    assert told(document) == [
        ("The guide", "Before all."),
        ("The guide: Visa › How do I apply?", "Fill *in*:\n\n1. a\n2. b\n\n### By post\n\nSend it."),
        ("Can I pay in cash?", "No."),
        ("The guide: Passport › How do I apply?", "Come."),
    ]
    assert {draft.entry.status for draft in drafts_of(document)} == {EntryStatus.DRAFT}


@pytest.mark.parametrize(
    "text",
    [
        "Q: When are you open?\nA: From 9\nto 5.\n\nQ: Where?\nA: Here.\n",
        "When are you open?\nFrom 9\nto 5.\n\nWhere?\n\nHere.\n",
    ],
)
def test_plain_text_is_cut_at_its_questions(text: str) -> None:
    assert told(read("hours.txt", text)) == [("When are you open?", "From 9\nto 5."), ("Where?", "Here.")]


def test_one_question_amid_text_opens_nothing() -> None:
    text = "We moved.\n\nWhy?\n\nThe roof fell in."
    assert told(read("news.txt", text)) == [("News", text)]


def test_a_word_file_by_its_styles() -> None:
    body = (
        paragraph("Staff handbook", "Title") + paragraph("For all.") + paragraph("Leave", "H1")
        + paragraph("Thirty days.") + table(("Years", "Days"), ("5", "2")) + paragraph("Who grants it?", "H2")
        + paragraph("Your team, &lt;b&gt;always&lt;/b&gt;.")
    )  # fmt: skip
    document = read("handbook.docx", docx(body, {"word/vbaProject.bin": b"\x00macro"}))
    assert document.title == "Staff handbook"
    assert told(document) == [
        ("Staff handbook", "For all."),
        ("Staff handbook: Leave", "Thirty days.\n\n| Years | Days |\n| --- | --- |\n| 5 | 2 |"),
        ("Who grants it?", "Your team, \\<b>always\\</b>."),
    ]


HANDBOOK = (
    (
        ("Leave", 11.0),
        None,
        "Everybody has thirty days of leave a year, and more of them after five years of",
        "service.",
        *(None, "Prices", "Zone A 2.50", "Zone B 3.50"),
        *(None, "- ask first", "- hand in the form"),
    ),
    (
        "Who grants it?",
        None,
        "Your team does. Where it cannot agree, the head of the",
        "office decides.",
    ),
    ("The last page goes on.",),
)


def test_a_pdf_by_its_outline_page_by_page() -> None:
    outline = [("Leave", 0, 1), ("Who grants it?", 1, 2)]
    data = pdf(*HANDBOOK, outline=outline, title="Handbook", footer="Handbook, page {} of 3")
    document = read("handbook.pdf", data)
    assert (document.title, document.pages) == ("Handbook", 3)
    assert told(document) == [
        (
            "Handbook: Leave",
            "Everybody has thirty days of leave a year, and more of them after five years of service.\n\n"
            "Prices\nZone A 2.50\nZone B 3.50\n\n- ask first\n- hand in the form",
        ),
        (
            "Who grants it?",
            "Your team does. Where it cannot agree, the head of the office decides.\n\n"
            "The last page goes on.",
        ),
    ]
    sources = [draft.entry.sources[0] for draft in drafts_of(document)]
    assert [astuple(source) for source in sources] == [
        ("handbook.pdf, page 1", ""),
        ("handbook.pdf, page 2", ""),
    ]
    at = read("https://example.org/h.pdf", data, url="https://example.org/h.pdf")
    assert astuple(drafts_of(at)[1].entry.sources[0]) == (
        "Handbook, page 2",
        "https://example.org/h.pdf#page=2",
    )


def test_a_pdf_without_an_outline_by_the_size_of_its_letters_or_page_by_page() -> None:
    large = pdf([("Leave", 18.0), "Thirty days.", ("Who grants it?", 14.0), "Your team."])
    assert told(read("handbook.pdf", large)) == [
        ("Handbook: Leave", "Thirty days."),
        ("Who grants it?", "Your team."),
    ]
    bare = pdf(["Thirty days."], ["Your team."])
    assert told(read("handbook.pdf", bare)) == [
        ("Handbook: Page 1", "Thirty days."),
        ("Handbook: Page 2", "Your team."),
    ]
    asks = pdf(["Who grants it?", "Your team.", None, "How long is it?", "Thirty days"], ["and no more."])
    assert told(read("faq.pdf", asks)) == [
        ("Who grants it?", "Your team."),
        ("How long is it?", "Thirty days\n\nand no more."),
    ]


def test_a_long_section_is_cut_between_its_paragraphs_and_loses_nothing() -> None:
    paragraphs = [f"Paragraph {n}. " + "word " * 200 for n in range(30)]
    drafts = drafts_of(read("long.md", "# Long\n\n" + "\n\n".join(paragraphs)))
    assert len(drafts) > 2 and all(len(draft.entry.answer) <= MOST_ANSWER for draft in drafts)
    assert [draft.entry.question for draft in drafts[:2]] == ["Long", "Long (2)"]
    assert " ".join(draft.entry.answer for draft in drafts).split() == " ".join(paragraphs).split()
    one = drafts_of(read("line.txt", "x" * 3 * MOST_ANSWER))
    assert "".join(draft.entry.answer for draft in one) == "x" * 3 * MOST_ANSWER


def test_ids_are_those_of_the_name_and_the_headings() -> None:
    first = [draft.key for draft in drafts_of(read("a/Guide.md", MARKDOWN))]
    again = [draft.key for draft in drafts_of(read("a/Guide.md", "# New\n\nText.\n\n" + MARKDOWN[25:]))]
    assert first[1] == "a-guide-md.visa-how-do-i-apply" and set(first[1:]) <= set(again)
    names = ["a/b.md", "a-b.md", "a_b.md", "ä.md", "x" * 200, "x" * 201, "答.md", "https://a.org/b", "?"]
    assert len({document_id_of(name) for name in names}) >= len(names) - 2
    assert len(set(first)) == len(first) and all(len(key) <= 100 for key in first)


def test_entries_and_tables_are_told_from_documents() -> None:
    assert is_entry(b"---\nid: a\nquestion: Q\n---\nB") and is_entry(
        b"\xef\xbb\xbf---\r\nquestion: Q\r\n---\r\nB"
    )
    assert not is_entry(MARKDOWN.encode()) and not is_entry(b"# A\n\nquestion: x")
    assert is_table(b"Question\tAnswer\nWhen?\tNow.\n") and not is_table(
        b"When are you open?\nFrom 9 to 5.\n"
    )


def test_a_missing_converter_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(_name: str) -> None:
        raise ModuleNotFoundError("No module named 'mammoth'", name="mammoth")

    monkeypatch.setattr("knowledge.documents.types.import_module", without)
    with pytest.raises(
        ConverterMissing, match=r"extra `documents`.*mammoth.*pip install 'candor-chat\[documents\]'"
    ):
        read("a.docx", docx(paragraph("x")))
    assert told(read("a.md", "# A\n\nb")) == [("A", "b")]
