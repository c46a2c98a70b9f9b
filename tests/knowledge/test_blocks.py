"""What of an answer is said whole or not at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.blocks import read_blocks, spoken_forms, whole
from knowledge.types import BlockKind

P, L, T, C = BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"
FENCE = "```\nrm x\n\nrm y\n```"

CASES: dict[str, tuple[str, list[tuple[BlockKind, str]]]] = {
    "paragraphs": ("One\nline.\n\nTwo.", [(P, "One\nline."), (P, "Two.")]),
    "plain lines": ("Mon: 9–18\nTue: closed", [(P, "Mon: 9–18\nTue: closed")]),
    "a list and its label": ("Bring:\n- a\n- b", [(L, "Bring:\n- a\n- b")]),
    "a label, a blank line": ("Bring:\n\n- a\n\n- b", [(L, "Bring:\n\n- a\n\n- b")]),
    "a label in bold": ("**Bring:**\n\n- a\n\nEnd.", [(L, "**Bring:**\n\n- a"), (P, "End.")]),
    "a label without a colon": ("Allowed\n\n- a", [(L, "Allowed\n\n- a")]),
    "a sentence on the line above": ("Bring these.\n- a", [(L, "Bring these.\n- a")]),
    "a sentence apart": ("We are open.\n\n- a", [(P, "We are open."), (L, "- a")]),
    "a label inside a list": ("Do:\n- a\n- b\nNever do:\n- c", [(L, "Do:\n- a\n- b"), (L, "Never do:\n- c")]),
    "a bold label inside": ("Do:\n1. a\n**Never**\n1. c", [(L, "Do:\n1. a"), (L, "1. c")]),
    "a label of hand-typed items": ("- a\nNever:\n• c\n• d", [(L, "- a"), (P, "Never:\n• c\n• d")]),
    "nested items": ("Do:\n- a\n  Sub:\n  - b\n- c", [(L, "Do:\n- a\n  Sub:\n  - b\n- c")]),
    "wrapped item": ("- a\nand more\n- b", [(L, "- a\nand more\n- b")]),
    "hand-typed items": ("Do:\n\n• a\n\n• b\n\nEnd.", [(L, "Do:\n\n• a\n\n• b"), (P, "End.")]),
    "numbers go on": (
        f"1. Run:\n\n{FENCE}\n\n2. Wait.\n\nNot long.\n\n3. End.\n\nBye.",
        [(L, f"1. Run:\n\n{FENCE}\n\n2. Wait.\n\nNot long.\n\n3. End."), (P, "Bye.")],
    ),
    "numbers begin again": ("1. a\n\nOr do.\n\n1. b", [(L, "1. a"), (P, "Or do."), (L, "1. b")]),
    "two marks, one list": ("Do:\n- a\n* b", [(L, "Do:\n- a\n* b")]),
    "a table": (f"Fees:\n\n{TABLE}\n\nEnd.", [(T, f"Fees:\n\n{TABLE}"), (P, "End.")]),
    "a label inside a table": (f"{TABLE}\nLater:\n{TABLE}", [(T, TABLE), (T, f"Later:\n{TABLE}")]),
    "code": (f"Run this:\n\n{FENCE}\nEnd.", [(C, f"Run this:\n\n{FENCE}"), (P, "End.")]),
    "an open fence": ("```\na\n\n- b", [(C, "```\na\n\n- b")]),
    "indented code": ("Run.\n\n    a\n    b", [(P, "Run."), (C, "    a\n    b")]),
    "a label and a paragraph": ("Note:\n\nOne.\n\nTwo.", [(P, "Note:\n\nOne."), (P, "Two.")]),
    "a title without a mark": ("Fees\n\nFive euros.\n\nEnd.", [(P, "Fees\n\nFive euros."), (P, "End.")]),
    "a drawn line": ("One.\n\n---\n\nTwo.\n\n***", [(P, "One."), (P, "---\n\nTwo.\n\n***")]),
    "a line drawn under a sentence": ("Bring it.\n---\nTwo.", [(P, "Bring it."), (P, "---\nTwo.")]),
    "addresses that the parser swallows": ("One.\n\n[x]: http://a.b", [(P, "One."), (P, "[x]: http://a.b")]),
    "markup": ("<div>\n- a\n</div>", [(L, "<div>\n- a\n</div>")]),
    "a statement in bold": ("**Never do it.**\n\nOne.", [(P, "**Never do it.**"), (P, "One.")]),
    "only a heading": ("# Fees", [(P, "# Fees")]),
    "only a link": ("[Fees](https://a.b/c)", [(P, "[Fees](https://a.b/c)")]),
    "other line ends": ("Do:\r\n- a\r\nNot:\r\n- b\r\n", [(L, "Do:\r\n- a"), (L, "Not:\r\n- b")]),
    "nothing": (" \n\f\n ", []),
}


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_read_into_the_blocks_people_mean(name: str) -> None:
    answer, expected = CASES[name]
    assert [(b.kind, answer[b.start : b.end]) for b in read_blocks(answer)] == expected


def headed(answer: str) -> list[tuple[str, list[str]]]:
    return [
        (answer[block.start : block.end], [answer[start:end] for start, end in block.under])
        for block in read_blocks(answer)
    ]


def test_headings_stand_over_all_up_to_the_next_of_their_level() -> None:
    answer = "Zero.\n\n# A\nOne.\n\n## B\n- x\n\nTwo.\n\n## C\nThree.\n\n# D"
    assert headed(answer) == [
        ("Zero.", []),
        ("One.", ["# A"]),
        ("- x", ["# A", "## B"]),
        ("Two.", ["# A", "## B"]),
        ("Three.", ["# A", "## C"]),
        ("# D", []),
    ]


def test_a_line_in_bold_is_the_lowest_heading() -> None:
    cabin = "Small ones.\n\n**Allowed:**\n- a\n\n**Not allowed:**\n- b\n\nEnd."
    answer = f"Bags\n====\n\n**Cabin**\n{cabin}\n\n**Hold**\nAll."
    assert headed(answer) == [
        ("Small ones.", ["Bags\n====", "**Cabin**"]),
        ("**Allowed:**\n- a", ["Bags\n====", "**Cabin**"]),
        ("**Not allowed:**\n- b", ["Bags\n====", "**Cabin**"]),
        ("End.", ["Bags\n====", "**Cabin**"]),
        ("All.", ["Bags\n====", "**Hold**"]),
    ]


def test_a_block_is_said_under_all_some_or_none_of_its_headings() -> None:
    answer = "# A\n\nOne.\n\n## B\n- x\n\nTwo."
    _, items, last = read_blocks(answer)
    assert spoken_forms(answer, items) == ("# A\n\n## B\n- x", "## B\n- x", "- x")
    assert spoken_forms(answer, last) == ("# A\n\n## B\n\nTwo.", "## B\n\nTwo.", "Two.")


def test_an_answer_is_said_whole_without_the_blank_lines_around_it() -> None:
    assert whole("\n\n    code\n\nOne.\n\n") == "    code\n\nOne."
    assert whole("# A\n\n") == "# A"
    assert whole("# A\nOne. \n") == "# A\nOne."
    assert whole(" \n") == ""


HOSTILE_LINES = (
    "# A¦## B¦---¦===¦**b**¦**b:**¦__b__¦x:¦**¦Word word.¦short¦- a¦  - b¦    - c¦      - d¦* e¦1. f¦3) g¦• h"
    "¦> q¦```¦~~~¦\tcode¦[x]: http://y.z¦[l](http://a.b)¦<script>a()</script>¦<div>¦</div>¦<!--¦a | b"
    "¦|a|b|¦|-|-|¦|1|¦مرحبا بالعالم¦\f¦\v¦\x1c¦\x85¦\u2028¦\x01¦\udcff¦\ufeff¦|¦¦&amp;"
)
HOSTILE = st.lists(st.sampled_from(HOSTILE_LINES.split("¦")) | st.text(max_size=12), max_size=14)


@settings(max_examples=200)
@given(
    HOSTILE, st.lists(st.sampled_from(["\n", "\n\n", "\r\n", "\r", "\n \n", " "]), min_size=14, max_size=14)
)
def test_blocks_and_their_headings_hold_every_character_once(lines: list[str], ends: list[str]) -> None:
    answer = "".join(line + end for line, end in zip(lines, ends, strict=False))
    blocks = read_blocks(answer)
    spans = list(dict.fromkeys(span for b in blocks for span in (*b.under, (b.start, b.end))))
    assert spans == sorted(spans)
    position = 0
    for start, end in [*spans, (len(answer), len(answer))]:
        assert position <= start <= end
        assert not answer[position:start].strip()
        position = end
    for block in blocks:
        forms = spoken_forms(answer, block)
        assert forms[-1] == answer[block.start : block.end]
        assert forms[-1].strip() and len(forms) == len(block.under) + 1
    assert whole(answer).strip() == answer.strip()


@pytest.mark.parametrize(
    "answer",
    [
        "word " * 5000,
        "- a\nB:\n" * 1000,
        "1. a\n\nx.\n\n" * 1000,
        " \n" * 20000 + "a",
        "**a" * 5000,
        "a:\n\n" * 2000,
    ],
    ids=["one paragraph", "labels", "numbers", "blank lines", "bold", "chain"],
)
def test_no_answer_takes_long(answer: str) -> None:
    begun = time.perf_counter()
    blocks = read_blocks(answer)
    assert time.perf_counter() - begun < 3
    assert blocks[-1].end == len(answer.rstrip())
