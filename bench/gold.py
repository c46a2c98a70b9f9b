"""The gold questions of the seeds, put to the real service in this process.

    python -m bench.gold

Prints the figures in all and of both halves; `candor eval seeds/gold` tells more, with the failures.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from app.schemas import ChatRequest, HistoryMessage
from app.services import Services, build_services
from app.settings import Settings
from learning.evaluation.gold import GoldFigures, GoldQuestion, GoldResult, Side, load_gold, score

GOLD = Path(__file__).parent.parent / "seeds" / "gold"
_READY_S = 300


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Services]:
    """The service, once it can answer. Raises `TimeoutError` with its state."""
    services = build_services(settings)
    await services.start()
    try:
        await _ready(services)
        yield services
    finally:
        await services.stop()


async def put_to(services: Services, questions: Sequence[GoldQuestion]) -> tuple[GoldResult, ...]:
    """Asks one after another, each as a stateless caller with its history."""
    return tuple([await _ask(services, gold) for gold in questions])


async def _ask(services: Services, gold: GoldQuestion) -> GoldResult:
    history = [HistoryMessage(role=said.role, content=said.text) for said in gold.question.history]
    request = ChatRequest(message=gold.question.text, history=history or None)
    response = await services.turns.start(request)
    cited = {citation.index: citation.entry_id for citation in response.citations}
    return GoldResult(gold, response.outcome, tuple(cited[index] for index in sorted(cited)))


async def _ready(services: Services) -> None:
    for _ in range(_READY_S * 20):
        if services.releases.ready:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"the service did not become ready: {services.releases.state}")


def print_figures(figures: Mapping[str, GoldFigures]) -> None:
    def row(name: str, shares: Sequence[object]) -> None:
        print(f"{name:<28}" + "".join(f"{share!s:>20}" for share in shares))

    row("", list(figures))
    for name in ("right_cited", "right_first", "refused", "not_answered", "exact"):
        row(name.replace("_", " "), [getattr(column, name) for column in figures.values()])


async def measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running(Settings(data_dir=Path(folder), log_level="ERROR")) as services:
            results = await put_to(services, load_gold(GOLD))
    halves = {side.value: score(result for result in results if result.gold.side is side) for side in Side}
    print_figures({"all": score(results), **halves})


def main() -> None:
    asyncio.run(measure())


if __name__ == "__main__":
    main()
