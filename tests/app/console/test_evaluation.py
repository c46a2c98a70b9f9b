"""The last evaluation, as curators see it."""

from __future__ import annotations

from dataclasses import replace

from app.compose.services import Services
from app.store.curators import Role
from learning.evaluation.fates import Fate
from learning.evaluation.records import SuiteRun
from learning.evaluation.report.last_report import keep_report
from learning.evaluation.statistics.figures import figures_of
from tests.app.console.seats import seat, texts
from tests.fakes import entry
from tests.learning.evaluation.evaluating import case, result


def run() -> SuiteRun:
    fates = {
        "refused": (result(case("refused", "dna")), Fate.REFUSED),
        "wrong": (result(case("wrong", "dna"), "gone"), Fate.WRONG),
        "right": (result(case("right", "dna"), "dna"), Fate.RIGHT_ALONE),
        "outside": (result(case("outside", expect=None)), Fate.REFUSED),
    }
    return SuiteRun(
        "aster", {"version": "1"}, tuple(replace(seen, fate=fate) for seen, fate in fates.values())
    )


async def test_the_last_evaluation_is_shown_with_the_worst_first(using: Services) -> None:
    using.entries.create(entry("dna"))
    async with seat(using, Role.VIEWER) as sitting:
        empty = texts(await sitting.get("/admin/ui/evaluation"))
        assert "candor eval FOLDER" in empty
        seen = run()
        keep_report(using.settings.data_dir, [seen], [figures_of(seen)])
        page = await sitting.get("/admin/ui/evaluation")
        told = texts(page)
        assert "2 of 4." in told and "Of 100 questions that your knowledge base answers" in told
        assert told.index("message wrong") < told.index("message refused")
        assert "message right" not in told and "message outside" not in told
        assert (
            'href="/admin/ui/entries/dna"' in page.text and 'href="/admin/ui/entries/gone"' not in page.text
        )
        assert "95 % interval" in told and 'class="interval"' in page.text
        (using.settings.data_dir / "evaluation.json").write_text("{")
        assert texts(await sitting.get("/admin/ui/evaluation")) == empty
