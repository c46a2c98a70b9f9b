from __future__ import annotations

import pytest

from knowledge.types import Entry
from pipeline.stages.grounding.qualifiers import is_heading, lost_qualifier

TICK = Entry("t", "What now?", "Do this:\n- Clean the bite.\n\nDo not do this:\n- Put oil on the tick.")
ZOO = Entry(
    "z", "Price?", "## Until 30 June\n\nAdults pay 60 euros.\n\n## From 1 July\n\nAdults pay 75 euros."
)
POOL = Entry("p", "Open?", "The pool opens at nine. However, it stays closed on Sundays. Towels are free.")


@pytest.mark.parametrize(
    ("text", "entry", "lost"),
    [
        ("Put oil on the tick.", TICK, "Do not do this:"),
        ("Do not put oil on the tick.", TICK, ""),
        ("Clean the bite.", TICK, ""),
        ("Adults pay 75 euros.", ZOO, "## From 1 July"),
        ("From 1 July, adults pay 75 euros.", ZOO, ""),
        ("The pool opens at nine.", POOL, "However, it stays closed on Sundays."),
        ("The pool opens at nine, but stays closed on Sundays.", POOL, ""),
        ("Towels are free.", POOL, ""),
        ("Something else entirely happened.", POOL, ""),
    ],
)
def test_what_holds_only_with_something_may_not_be_said_without_it(
    text: str, entry: Entry, lost: str
) -> None:
    assert lost_qualifier(text, (entry,)) == lost


def test_a_heading_is_no_answer() -> None:
    assert is_heading("From 1 July", (ZOO,))
    assert not is_heading("Adults pay 75 euros.", (ZOO,))
