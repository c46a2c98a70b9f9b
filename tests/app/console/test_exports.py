"""What the console gives to take along."""

from __future__ import annotations

import pytest

from app.compose.services import Services
from app.store.curators import Role
from app.store.turns.conversations import Rating
from knowledge.importing.parsing import ParsedEntries, parse_csv, parse_jsonl
from tests.app.console.seats import rows_of, seat, texts
from tests.fakes import answered, entry

EXPORTS = "/admin/ui/exports"
FORMULA = "=HYPERLINK(1)"


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
async def test_entries_come_back_as_they_went(using: Services, form: str) -> None:
    stored = [entry("dna", question=FORMULA, alternates=("+1", "<b>x</b>")), entry("flu")]
    for each in stored:
        using.entries.create(each)
    async with seat(using, Role.VIEWER) as sitting:
        given = await sitting.get(f"{EXPORTS}/entries.{form}")
    assert given.headers["Content-Disposition"].startswith('attachment; filename="entries-20')
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    read: ParsedEntries = parse_jsonl(given.content) if form == "jsonl" else parse_csv(given.content)
    assert list(read.entries) == stored
    if form == "csv":
        assert f"'{FORMULA}" in given.text and f",{FORMULA}" not in given.text


async def test_a_cell_too_long_for_a_workbook_is_said(using: Services) -> None:
    using.entries.create(entry("dna", alternates=tuple(f"{number} " + "x" * 480 for number in range(80))))
    async with seat(using, Role.VIEWER) as sitting:
        page = await sitting.get(f"{EXPORTS}/entries.xlsx")
        assert page.status_code == 422 and "export JSONL or CSV" in texts(page)


async def test_ratings_as_a_table(using: Services) -> None:
    _rate(using, "m1", FORMULA, Rating.DOWN, "=1 call +49 170 1234567")
    _rate(using, "m2", "fine?", Rating.UP, None)
    async with seat(using, Role.VIEWER) as sitting:
        rows = rows_of((await sitting.get(f"{EXPORTS}/feedback.csv")).text)
        assert {row["message"] for row in rows} == {f"'{FORMULA}", "fine?"}
        (down,) = rows_of((await sitting.get(f"{EXPORTS}/feedback.csv?rating=down")).text)
        assert down["comment"].startswith("'=1 call") and "1234567" not in down["comment"]
        assert rows_of((await sitting.get(f"{EXPORTS}/feedback.csv?until=2020-01-01")).text) == []
        assert (await sitting.get(f"{EXPORTS}/feedback.csv?rating=great")).status_code == 422


def _rate(using: Services, message_id: str, message: str, rating: Rating, comment: str | None) -> None:
    using.conversations.add(using.conversations.open(None), message_id, message, answered())
    using.conversations.rate(message_id, rating, comment)
